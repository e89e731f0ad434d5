"""Fuzzing: golden inputs, mutated by what their formats are made of, against what is documented."""
