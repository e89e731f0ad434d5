"""Plees Tracker: the app's CSV."""
