"""Any table by a mapping: a TOML file that says where things stand makes a connector."""
