"""``grounding_dino shapes`` and ``scenes``: data sets made."""

from argparse import Namespace
from pathlib import Path

from skillbank_engine.families.grounding_dino.data.scenes import write_scenes
from skillbank_engine.families.grounding_dino.data.shapes import write_shapes
from skillbank_engine.threads import available_cpus


def shapes(arguments: Namespace) -> None:
    """Write the demo data set and say where its parts are."""
    write_shapes(Path(arguments.out), **_amounts(arguments))
    _say_parts(arguments, "pairs")


def scenes(arguments: Namespace) -> None:
    """Write the harder data set and say where its parts are."""
    write_scenes(Path(arguments.out), **_amounts(arguments), workers=available_cpus())
    _say_parts(arguments, "descriptions")


def _amounts(arguments: Namespace) -> dict[str, int]:
    return {name: getattr(arguments, name) for name in ("seed", "train", "val", "size")}


def _say_parts(arguments: Namespace, held_out: str) -> None:
    for part, what in (
        ("train", f"{arguments.train} pictures, ODVG"),
        ("val", f"{arguments.val} pictures, COCO"),
        ("heldout", f"{arguments.val} pictures with {held_out} that training never sees, COCO"),
        ("inference", "a few pictures and descriptions"),
    ):
        print(f"{Path(arguments.out) / part}  {what}")
