"""Reports that are files: one HTML page in both languages, with pictures drawn into it."""
