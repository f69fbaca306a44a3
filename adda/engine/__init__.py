"""What runs any training step: sampling, devices, checkpoints, the loop; it knows no recipe."""
