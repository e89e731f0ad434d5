"""MESA Sleep: its actigraphy."""
