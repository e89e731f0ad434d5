"""Nightscout: exported collections of a site."""
