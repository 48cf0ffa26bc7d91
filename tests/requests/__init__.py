"""Requests in plain language, and which sets of them the reader has seen."""

SETS = (
    "development", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
    "tenth", "ninth", "eleventh", "twelfth", "fourteenth", "fifteenth",
)  # fmt: skip
"""All sets, in the order in which they were written."""
UNSEEN = ("tenth", "ninth", "eleventh", "fourteenth", "fifteenth")
SEEN = tuple(name for name in SETS if name not in UNSEEN)
