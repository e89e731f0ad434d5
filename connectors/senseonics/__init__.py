"""Senseonics: Eversense."""
