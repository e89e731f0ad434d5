"""A made-up month of two people, as their vendors would export it."""
