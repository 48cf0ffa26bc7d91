"""The embedded Grounding DINO engine.

A program, not a library: it is run as ``grounding_dino <action> -e spec.yaml`` and keeps the command
contract of the model family's container (same specs, same files, same ``status.json``), so that a job
that would run in that container also runs on a laptop.  Importing the package loads nothing heavy.
"""
