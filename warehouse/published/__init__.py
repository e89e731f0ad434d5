"""A lake in object storage: numbered publications, and immutable objects that they name."""
