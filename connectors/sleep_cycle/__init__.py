"""Sleep Cycle: the app's CSV."""
