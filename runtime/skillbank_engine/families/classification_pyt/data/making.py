"""``shapes`` and ``crops``: data sets that the program makes itself."""

from argparse import Namespace
from pathlib import Path

from skillbank_engine.errors import DataError
from skillbank_engine.families.classification_pyt.data.crops import CropSource, write_crops
from skillbank_engine.families.classification_pyt.data.shapes import CLASSES, CLASSES_FILE, write_shapes


def shapes(arguments: Namespace) -> None:
    """Write the demo data set and say where its parts are."""
    out = Path(arguments.out)
    write_shapes(out, seed=arguments.seed, train=arguments.train, val=arguments.val, size=arguments.size)
    each = f"of each of {len(CLASSES)} classes"
    for part, what in (
        ("train", f"{arguments.train} pictures {each}"),
        ("val", f"{arguments.val} pictures {each}"),
        ("test", f"{arguments.val} pictures {each}"),
        ("inference", "a few pictures"),
        (CLASSES_FILE, "the classes, one a line"),
    ):
        print(f"{out / part}  {what}")


def crops(arguments: Namespace) -> None:
    """Cut boxes out and say how many there are of each part."""
    if len(arguments.images) != len(arguments.coco) or len(arguments.part or arguments.coco) != len(
        arguments.coco
    ):
        raise DataError(
            f"There are {len(arguments.coco)} --coco, {len(arguments.images)} --images and "
            f"{len(arguments.part or ())} --part: give one --images, and one --part or none, for each --coco"
        )
    sources = [CropSource(*pair) for pair in zip(arguments.coco, arguments.images, strict=True)]
    parts = arguments.part or [source.part for source in sources]
    out = Path(arguments.out)
    for written in write_crops(
        out,
        list(zip(parts, sources, strict=True)),
        margin=arguments.margin,
        least=arguments.least,
        skip_broken=arguments.skip_broken,
    ):
        left = f", {written.small} smaller boxes left out" if written.small else ""
        total = sum(written.counts.values())
        print(f"{out / written.part}  {total} pictures of {len(written.counts)} classes{left}")
    print(f"{out / 'classes.txt'}  the classes, one a line")
