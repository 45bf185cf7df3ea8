"""Images classified with calibrated confidence, an explanation, and referral to a person. Not a medical device."""

from solutions.medical.pipeline import Medical

solution = Medical

__all__ = ["solution"]
