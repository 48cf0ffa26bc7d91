"""``grounding_dino shapes``, ``scenes`` and ``remap``: data sets made and put right."""

import json
from argparse import Namespace
from pathlib import Path

from grounding_dino.data.coco import read_coco, remap_categories
from grounding_dino.data.records import require_file
from grounding_dino.data.scenes import write_scenes
from grounding_dino.data.shapes import write_shapes
from grounding_dino.results import write_text
from grounding_dino.threads import available_cpus


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


def remap(arguments: Namespace) -> None:
    """Write COCO annotations anew with category ids from 0, and say which id became which."""
    path = require_file(arguments.file, "The annotation file")
    target = (
        Path(arguments.output) if arguments.output else path.with_name(f"{path.stem}.remapped{path.suffix}")
    )
    old = read_coco(path)
    new = remap_categories(old)
    write_text(target, json.dumps(new) + "\n")
    before = sorted(entry["id"] for entry in old["categories"])
    for entry, number in zip(new["categories"], before, strict=True):
        print(f"{number} -> {entry['id']}  {entry.get('name', '')}")
    print(f"wrote {target}")
