"""Which of several copies of a fact counts, and what a new file adds."""
