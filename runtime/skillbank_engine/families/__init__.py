"""The model families, a package each, by the name of their program."""

PROGRAMS = {
    "grounding_dino": "skillbank_engine.families.grounding_dino.__main__",
    "rtdetr": "skillbank_engine.families.rtdetr.__main__",
}
"""Program to the module whose ``main`` it is; it keeps the command contract of its family's container."""

GROUP = "skillbank_engine.families"
"""Entry points of other packages that bring a family: name of the program to the module of its ``main``."""


def programs() -> dict[str, str]:
    """Give our programs and those of other packages; a name of ours is ours."""
    # Brings a parser of mails along, which a family's own program has no use for.
    from importlib.metadata import entry_points

    others = {point.name: point.value.partition(":")[0] for point in entry_points(group=GROUP)}
    return {**others, **PROGRAMS}
