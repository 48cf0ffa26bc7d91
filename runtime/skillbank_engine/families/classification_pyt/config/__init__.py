"""The typed spec of image classification: every parameter with default, bounds and AutoML words."""
