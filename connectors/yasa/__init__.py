"""YASA: hypnograms as its users save them."""
