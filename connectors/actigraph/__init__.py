"""ActiGraph: ActiLife's tables."""
