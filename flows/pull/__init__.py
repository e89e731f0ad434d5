"""Services joined to a lake: logging in, fetching into the inbox, what newer documents replaced."""
