"""Layers, and networks whose shapes papers publish; how they are trained is elsewhere."""
