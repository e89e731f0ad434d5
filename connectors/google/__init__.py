"""Google: Fit in a Takeout."""
