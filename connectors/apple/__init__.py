"""Apple Health: export.xml."""
