"""Ultrahuman: saved answers of the ring's partner API."""
