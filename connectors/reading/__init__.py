"""Bytes to columns: what every format needs to be read, whoever wrote it."""
