"""Figures that can be trusted: intervals, baselines and one shape of report."""
