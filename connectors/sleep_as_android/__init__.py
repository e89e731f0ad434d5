"""Sleep as Android: the backup's CSV."""
