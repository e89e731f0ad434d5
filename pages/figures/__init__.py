"""Figures as functions of rows: an image, and the table of the same numbers. No SQL."""
