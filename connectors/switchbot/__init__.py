"""SwitchBot: meters of a room."""
