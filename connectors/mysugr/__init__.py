"""mySugr."""
