"""Labelling pictures by description with the embedded engine, which is run as the program that it is."""
