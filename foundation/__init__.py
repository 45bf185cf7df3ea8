"""The shared foundation-model layer: tensors, texts and tables, and no industry."""

__version__ = "0.1.0"
