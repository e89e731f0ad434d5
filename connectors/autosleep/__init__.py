"""AutoSleep: the app's CSV."""
