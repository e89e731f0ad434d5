"""Sibionics: the app and the clinic."""
