"""Android: the database of Health Connect."""
