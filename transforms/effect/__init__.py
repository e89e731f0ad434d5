"""A night and the day after it, compared within people and between them."""
