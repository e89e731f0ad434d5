"""What can be typed after `dawnlake`: commands with their options and help, quick to load."""
