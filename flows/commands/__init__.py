"""The commands: what each prints, and which exit code it ends with."""
