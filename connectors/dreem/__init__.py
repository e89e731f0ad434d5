"""Dreem: nights of the headband."""
