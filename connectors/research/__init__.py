"""Data sets of studies, as they are handed to researchers."""
