"""What a connection keeps on this machine: tokens, how far it came, how both are written."""
