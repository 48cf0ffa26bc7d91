"""``grounding_dino shapes`` and ``grounding_dino remap``: data sets made and put right."""

import json
from argparse import Namespace
from pathlib import Path

from grounding_dino.data.coco import read_coco, remap_categories
from grounding_dino.data.records import require_file
from grounding_dino.data.shapes import write_shapes
from grounding_dino.results import write_text


def shapes(arguments: Namespace) -> None:
    """Write the demo data set and say where its parts are."""
    out = Path(arguments.out)
    write_shapes(out, seed=arguments.seed, train=arguments.train, val=arguments.val, size=arguments.size)
    for part, what in (
        ("train", f"{arguments.train} pictures, ODVG"),
        ("val", f"{arguments.val} pictures, COCO"),
        ("heldout", f"{arguments.val} pictures with pairs that training never sees, COCO"),
        ("inference", "a few pictures and descriptions"),
    ):
        print(f"{out / part}  {what}")


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
