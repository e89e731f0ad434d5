"""Pillow (probably): a CSV of nights and naps with sounds and moods."""
