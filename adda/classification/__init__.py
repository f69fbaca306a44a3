"""Classifiers, and one for images without labels; they are scored in evaluation."""
