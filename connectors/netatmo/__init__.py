"""Netatmo: the weather station's modules."""
