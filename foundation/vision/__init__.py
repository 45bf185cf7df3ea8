"""Images to vectors: backbones by name, one encoder, and what a bundle keeps of a tuned one."""
