"""Juggluco."""
