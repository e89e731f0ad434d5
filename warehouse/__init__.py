"""What was understood, remembered: Parquet files and the SQL over them."""
