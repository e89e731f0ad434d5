"""Polar: the account's takeout (Flow), and saved answers of AccessLink and of the Dynamic API."""
