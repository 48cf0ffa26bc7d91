"""Training as every family does it: loop, gradients, processes, checkpoints, going on."""
