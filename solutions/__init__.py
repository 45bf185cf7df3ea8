"""Industry solutions: one folder a vertical, and nothing that one vertical knows of another."""
