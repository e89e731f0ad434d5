"""Medtronic: CareLink in its generations, iPro2, and what CareLink Connect answers."""
