"""Surges of bad news: hourly counts in, alarms out, at a false-alarm rate that the user sets."""
