"""Errors, atomic writes, array files, parameters, the stage runner; nothing about networks."""
