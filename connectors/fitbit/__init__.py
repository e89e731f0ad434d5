"""Fitbit: Google Takeouts of all generations."""
