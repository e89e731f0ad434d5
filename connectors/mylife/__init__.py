"""mylife Cloud of Ypsomed."""
