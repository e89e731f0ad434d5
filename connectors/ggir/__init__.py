"""GGIR: reports of part 4."""
