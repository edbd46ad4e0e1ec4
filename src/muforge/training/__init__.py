"""Training: weighted batches, the loop, averaged weights, checkpoints, the monitor and early stopping."""
