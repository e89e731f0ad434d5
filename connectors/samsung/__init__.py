"""Samsung Health: the personal data of the app."""
