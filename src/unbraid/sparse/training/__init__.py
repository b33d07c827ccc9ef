"""Training of autoencoders: source of batches, loop, checkpoints, several processes."""
