"""``rtdetr shapes OUT``: the demo data set."""

from argparse import Namespace
from pathlib import Path

from skillbank_engine.families.rtdetr.shapes import write_shapes


def draw(given: Namespace) -> None:
    """Write the demo data set and say where its parts are."""
    out = Path(given.out)
    write_shapes(out, seed=given.seed, train=given.train, val=given.val, size=given.size)
    for part, what in (
        ("train", f"{given.train} pictures, COCO"),
        ("val", f"{given.val} pictures, COCO"),
        ("inference", "a few pictures and the classes"),
    ):
        print(f"{out / part}  {what}")
