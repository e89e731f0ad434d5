"""Emfit QS: answers of the sensor's service."""
