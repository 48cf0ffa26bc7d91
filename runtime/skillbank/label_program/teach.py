"""Labels of a teacher for its student: a folder of pictures becomes a data set of boxes in both parts."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from skillbank.data_program.status import End, StatusLog, carried_out
from skillbank.datasets.copying import MANIFEST, Portion, write_copy, writer_of
from skillbank.datasets.document import Box, Picture
from skillbank.datasets.progress import Step
from skillbank.datasets.tree import Tree, open_tree
from skillbank.errors import DataError
from skillbank.label_program.spec import TEACH, TeachBlock, load_teaching
from skillbank.labelling.engine import BATCH, Engine, PictureError
from skillbank.labelling.findings import Labelled
from skillbank.visible import one_line

__all__ = ["run"]

_FORMAT = "coco"
_FEWEST = 2


def run(spec_file: Path) -> int:
    """Label a folder of pictures, and return the exit status.

    The data set goes to ``teach.output``; what ends it is said in ``status.json`` below ``results_dir/teach``
    and on standard error.

    Raises
    ------
    SpecError
        When the spec is wrong, so that no results folder is known.
    """
    spec = load_teaching(spec_file)
    folder = Path(spec.results_dir) / TEACH
    output = Path(spec.teach.output or folder / "dataset")
    begins = f"{TEACH} with {one_line(spec.teach.model, 300)}"
    return carried_out(folder, begins, partial(_teach, spec.teach, output))


def _teach(said: TeachBlock, output: Path, status: StatusLog) -> End:
    _refuse_foreign(output)
    place = Path(said.pictures)
    tree = open_tree(place)
    names = list(tree.pictures)
    if len(names) < _FEWEST:
        raise DataError(
            f"{place} has {len(names)} pictures, and a student needs some to learn and to validate"
        )
    with Engine(said.model, precision=said.precision) as engine:
        engine.ready()
        captions = list(said.captions) or [str(name) for name in engine.about.get("labels") or ()]
        if not captions:
            raise DataError(
                f"nothing says what {one_line(said.model, 200)} is to look for, and it was trained on no "
                f"classes of its own; say it with {TEACH}.captions"
            )
        numbers = {caption: number for number, caption in enumerate(captions)}
        found: dict[str, Picture] = {}
        left_out = 0
        begun = time.monotonic()
        for at in range(0, len(names), BATCH):
            for name, picture in _asked(engine, tree, names[at : at + BATCH], captions, said.least, numbers):
                if picture is None:
                    left_out += 1
                else:
                    found[name] = picture
            status.step(Step("labelling", min(at + BATCH, len(names)), len(names)))
        spent = time.monotonic() - begun
        sys.stderr.writelines(map("{}\n".format, engine.notes))
    if len(found) < _FEWEST:
        raise DataError(f"{place} has {len(found)} pictures that the model can look at")
    boxes = sum(len(picture.boxes) for picture in found.values())
    if not boxes:
        raise DataError(
            f"the model finds nothing of {', '.join(captions[:5])} in {place} with a score of {said.least:g}"
        )
    parts = _dealt(list(found.values()), said.val, said.seed)
    fresh = output.with_name(f".{output.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    write_copy(
        tree,
        [Portion(name, pictures, "") for name, pictures in parts.items()],
        captions,
        writer_of(_FORMAT),
        fresh,
        story=lambda: {
            "made_by": "skillbank-label-set teach",
            "from": {"place": str(place), "model": said.model},
            "notes": ["a model found these boxes, and nobody has reviewed them"],
        },
    )
    shutil.rmtree(output, ignore_errors=True)  # of an earlier start, as its manifest says
    fresh.rename(output)
    counts = {
        "pictures": float(len(found)),
        "boxes": float(boxes),
        "left_out": float(left_out),
        "pictures_per_second": round(len(found) / spent if spent else 0.0, 3),
    }
    return End(f"{len(found):,} pictures labelled, {boxes:,} boxes; {left_out:,} cannot be looked at", counts)


def _asked(
    engine: Engine,
    tree: Tree,
    names: Sequence[str],
    captions: Sequence[str],
    least: float,
    numbers: Mapping[str, int],
) -> Iterator[tuple[str, Picture | None]]:
    """Yield what is found in some pictures; None for one that cannot be looked at."""
    asked = [(name, engine.ask(tree.path(name).read_bytes(), captions, threshold=least)) for name in names]
    for name, answer in asked:
        try:
            document = answer.result().document
        except PictureError as error:
            print(f"{one_line(name, 300)} is {error.sentence}", file=sys.stderr)
            yield name, None
            continue
        labelled = Labelled.of(name, document)
        boxes = tuple(Box(*finding.box, label=numbers[finding.phrase]) for finding in labelled.findings)
        yield name, Picture(name, name, labelled.width, labelled.height, boxes)


def _dealt(pictures: list[Picture], share: float, seed: int) -> dict[str, list[Picture]]:
    """Divide pictures into both parts, so that each has one, and the part to validate on one with a box."""
    order = sorted(pictures, key=lambda picture: picture.name)
    random.Random(seed).shuffle(order)
    order.sort(key=lambda picture: not picture.boxes)  # a stable sort: those with boxes come first
    count = min(max(1, round(share * len(order))), len(order) - 1)
    step = len(order) / count
    chosen = {int(number * step) for number in range(count)}
    val = [picture for at, picture in enumerate(order) if at in chosen]
    train = [picture for at, picture in enumerate(order) if at not in chosen]
    return {"train": train, "val": val}


def _refuse_foreign(output: Path) -> None:
    if output.exists() and not (output / MANIFEST).is_file():
        raise DataError(f"{output} is there and no data set of skillbank; give {TEACH}.output a new folder")
