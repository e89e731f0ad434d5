"""What several commands print: the receipt of an ingest, rows of a query."""
