"""The model families, a package each, by the name of their program."""

PROGRAMS = {"grounding_dino": "skillbank_engine.families.grounding_dino.__main__"}
"""Program to the module whose ``main`` it is; it keeps the command contract of its family's container."""
