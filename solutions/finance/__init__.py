"""News and comments by topic and tone, and how the tone of each topic moves over time."""

from solutions.finance.pipeline import Finance

solution = Finance

__all__ = ["solution"]
