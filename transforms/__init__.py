"""What reported facts mean: instants, units, copies. Tables in, tables out; pure."""
