"""Govee: thermometers of a room."""
