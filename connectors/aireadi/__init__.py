"""AI-READI: a watch and a room sensor of each participant."""
