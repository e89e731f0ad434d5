"""Dexcom: Clarity's CSV."""
