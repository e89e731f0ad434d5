"""Lakes in object storage."""
