"""Zepp (Amazfit, Mi Fit): the account export."""
