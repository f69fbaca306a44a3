"""What is measured and shown of a finished run; nothing here changes a model."""
