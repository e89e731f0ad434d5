"""Withings: the export of an account, and documents of the API."""
