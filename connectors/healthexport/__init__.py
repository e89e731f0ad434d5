"""Health Auto Export, an app that writes what Apple Health holds."""
