"""xDrip+, and what writes or keeps the same files."""
