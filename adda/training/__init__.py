"""A recipe's training: trainer, snapshots, monitor; the objective is the recipe's."""
