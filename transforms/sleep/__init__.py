"""What is found of sleep once, while a participant is aligned."""
