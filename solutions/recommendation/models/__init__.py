"""What scores items for a user: one file a model, one interface."""
