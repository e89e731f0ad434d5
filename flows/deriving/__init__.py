"""From extracted parts to tables, results and views; and taking out again."""
