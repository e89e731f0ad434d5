"""Beddit: sessions of the sensor in the bed."""
