"""NSRR: annotations of its data sets."""
