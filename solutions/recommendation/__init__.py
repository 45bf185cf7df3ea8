"""Recommendation: what a user will want next, from what they did and from what items are about."""

from solutions.recommendation.pipeline import Recommendation

__all__ = ["solution"]

solution = Recommendation
