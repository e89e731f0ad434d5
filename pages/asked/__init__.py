"""What pages ask the warehouse: rows of public relations, picked and counted, never computed."""
