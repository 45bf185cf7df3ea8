"""Finding the documents that answer a question."""
