"""Nutrisense."""
