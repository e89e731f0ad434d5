"""Compumedics: Profusion."""
