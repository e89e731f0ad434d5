"""Abbott: LibreView's CSV."""
