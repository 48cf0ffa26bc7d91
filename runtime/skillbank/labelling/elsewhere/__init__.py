"""Labelling for teams that stay where they label: a backend for Label Studio, a function for CVAT."""
