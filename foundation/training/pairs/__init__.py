"""Fine-tuning on pairs of texts."""
