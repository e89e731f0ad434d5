"""Fitabase: Fitbit data of a study."""
