"""Garmin: the account export of Garmin Connect."""
