"""Texts as vectors: backbones, the encoder, and the network that classifies on top of it."""
