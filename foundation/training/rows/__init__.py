"""Fitting trees to rows of a table."""
