"""Tandem: t:connect's therapy timeline and Tandem Source's CSV."""
