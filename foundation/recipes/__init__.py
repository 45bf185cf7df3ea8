"""Whole lives of a model: from a table to a bundle, and from a bundle to a report."""
