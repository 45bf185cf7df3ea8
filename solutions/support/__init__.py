"""Customer service: intent, mood, answers from a knowledge base, and what is left to a person."""

from solutions.support.pipeline import Support

solution = Support

__all__ = ["solution"]
