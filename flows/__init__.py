"""What calls the rest: the command line, the nightly flow, settings."""
