"""Labelling pictures by description with the embedded engine, which is run as the program that it is."""

from skillbank.labelling.batch import Labels, label_pictures
from skillbank.labelling.findings import Finding, Labelled

__all__ = ["Finding", "Labelled", "Labels", "label_pictures"]
