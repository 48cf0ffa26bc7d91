"""Label sets to review: generated pictures with known shapes, and proposals that are nearly right."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from skillbank.datasets.looks import look_at
from skillbank.jobs.store import JobStore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, FoundPicture, Proposal, RunSpec
from skillbank.sets.store import SetStore

CLASSES = (ClassSpec("disc", ("red disc",)), ClassSpec("block", ("blue block", "blue square")))
SIZE = (320, 240)
WHO = "maker"
Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class Truth:
    """What is on a picture: class names and corners."""

    path: Path
    boxes: tuple[tuple[str, Corners], ...]


def write_truth(folder: Path, count: int, seed: int = 0) -> list[Truth]:
    """Write pictures of a disc and a block each, apart from one another."""
    folder.mkdir(parents=True, exist_ok=True)
    dice, made = random.Random(seed), []
    for number in range(count):
        shade = tuple(dice.randrange(200, 256) for _ in range(3))
        image = Image.new("RGB", SIZE, shade)
        pen = ImageDraw.Draw(image)
        for _ in range(12):  # what tells pictures apart
            x, y = dice.randrange(SIZE[0]), dice.randrange(SIZE[1])
            pen.rectangle(
                (x, y, x + dice.randrange(4, 50), y + dice.randrange(4, 30)),
                fill=tuple(dice.randrange(150, 220) for _ in range(3)),
            )
        disc, block = _corners(dice, 0), _corners(dice, 160)
        pen.ellipse(disc, fill="crimson", outline="black")
        pen.rectangle(block, fill="royalblue", outline="black")
        path = folder / f"photo-{number:03}.png"
        image.save(path)
        made.append(Truth(path, (("disc", disc), ("block", block))))
    return made


def _corners(dice: random.Random, left: int) -> Corners:
    x, y, edge = left + dice.randrange(10, 60), dice.randrange(20, 120), dice.randrange(40, 90)
    return (float(x), float(y), float(x + edge), float(y + edge))


def found(path: Path, name: str | None = None) -> FoundPicture:
    look = look_at(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return FoundPicture(name or path.name, str(path), digest, look.width, look.height, look.small)


def make_set(store: JobStore, name: str, truth: list[Truth], *, propose: bool = True) -> LabelSet:
    """Make a set; proposed are the disc at .8, the block at .4, and a block that is none at .15."""
    made = SetStore(store.engine).create(name, CLASSES, who=WHO)
    made.add_pictures([found(one.path) for one in truth], WHO)
    if propose:
        propose_truth(made, truth)
    return made


def propose_truth(made: LabelSet, truth: list[Truth], model: str = "tiny") -> None:
    numbers = {one.name: one.number for one in made.classes()}
    by_name = {one.path.name: one for one in truth}
    run = made.start_run(RunSpec(model, hashlib.sha256(model.encode()).hexdigest(), CLASSES, who=WHO))
    proposals = {}
    for row in made.pictures(limit=10_000):
        boxes = dict(by_name[row.name].boxes)
        proposals[row.number] = [
            Proposal(numbers["disc"], boxes["disc"], 0.8, "red disc"),
            Proposal(numbers["block"], boxes["block"], 0.4, "blue square"),
            Proposal(numbers["block"], (4.0, 200.0, 60.0, 236.0), 0.15, "blue block"),
        ]
    made.propose(run, proposals)
    made.finish_run(run, WHO)


@contextmanager
def store_of(home: Path) -> Iterator[JobStore]:
    home.mkdir(mode=0o700, exist_ok=True)
    with JobStore(f"sqlite:///{home}/skillbank.db") as store:
        yield store
