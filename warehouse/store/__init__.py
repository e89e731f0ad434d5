"""Where things lie in a lake, who may write, and how writing survives a kill."""
