"""What people touch: the command line and the web hub. No model code."""
