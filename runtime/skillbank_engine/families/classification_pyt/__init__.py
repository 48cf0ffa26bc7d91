"""Image classification: one class for each picture, from folders of pictures by class.

A program, not a library: it is run as ``classification_pyt <action> -e spec.yaml`` and keeps the command
contract of the model family's container (same specs, same files, same ``status.json``).  Importing the
package loads nothing heavy.
"""
