"""What is found of glucose once, while a participant is aligned."""
