"""Data with a card: typed columns, splits, label names, licence, hash; and the checks before anything is trained."""
