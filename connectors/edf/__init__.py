"""EDF: annotations of a laboratory."""
