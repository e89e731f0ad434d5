"""WHOOP: the app's data export, and documents of its API."""
