"""Sleepmeter: the app's CSV."""
