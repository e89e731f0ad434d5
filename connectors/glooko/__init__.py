"""Glooko: the files of its export, answers of its API, and diasend before it."""
