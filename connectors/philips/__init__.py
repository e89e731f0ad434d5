"""Philips Respironics (Cambridge Neurotechnology before): Actiwatch and Actiware."""
