"""Home Assistant: the history of its sensors."""
