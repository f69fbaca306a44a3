"""What can be trained to translate, one file a recipe: networks, objective, own parameters."""
