"""A label set as a data set: its reviewed pictures with their boxes, for writers, checks and trainings."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from skillbank.datasets.document import Box, DataSet, Picture, Split, Where
from skillbank.datasets.tree import Tree
from skillbank.sets.model import SET_SPLITS, LabelClass
from skillbank.sets.rows import classes_of
from skillbank.sets.tables import BOXES, PICTURES

__all__ = ["DIGITS", "Lies", "data_set_of", "digest_of", "prompt_of"]

DIGITS = 16
"""Hex digits of a digest."""
Lies = Callable[[str], Path]
"""Returns where a picture lies on this machine."""


def digest_of(db: sa.Connection, set_id: int, *, prompts: bool) -> str:
    """Return what stands for the classes, by what they are called, the reviewed pictures and their boxes.

    Where pictures lie, what is not reviewed, and who decided when are no part of it.

    Parameters
    ----------
    prompts
        As in `data_set_of`; where each class is called by its name alone, both are the same.
    """
    living = _living(db, set_id)
    names = {c.number: i for i, c in enumerate(living)}
    called = [[c.name, prompt_of(c) if prompts else c.name] for c in living]
    whole = hashlib.sha256(json.dumps(called).encode())
    boxes = _boxes(db, set_id, reviewed_only=True)
    for row in _pictures(db, set_id, reviewed_only=True):
        of_picture = [
            [names[box["class"]], *(box[k] for k in ("x1", "y1", "x2", "y2"))] for box in boxes[row["number"]]
        ]
        whole.update(
            json.dumps([row["sha256"], row["name"], row["split"], sorted(of_picture)]).encode() + b"\n"
        )
    return whole.hexdigest()[:DIGITS]


def data_set_of(
    db: sa.Connection,
    set_id: int,
    name: str,
    lies: Lies,
    *,
    reviewed_only: bool,
    accepted: bool = False,
    prompts: bool = False,
) -> tuple[DataSet, Tree]:
    """Return a set as a data set of the splits that it has pictures of.

    Parameters
    ----------
    lies
        Asked once for each picture that has a place.
    reviewed_only
        Else pictures that nobody has reviewed come with the boxes that are shown.
    accepted
        Whether pictures that were accepted unseen come as reviewed ones do.
    prompts
        Whether classes are called by the caption that a model is asked for (see `prompt_of`), or by name.
    """
    classes = _living(db, set_id)
    labels = {found.number: i for i, found in enumerate(classes)}
    boxes = _boxes(db, set_id, reviewed_only=reviewed_only)
    files: dict[str, Path] = {}
    of_split: dict[str, list[Picture]] = defaultdict(list)
    for row in _pictures(db, set_id, reviewed_only=reviewed_only, accepted=accepted):
        if row["place"]:
            files[row["name"]] = lies(row["place"])
        marked = tuple(
            Box(
                box["x1"],
                box["y1"],
                box["x2"],
                box["y2"],
                labels[box["class"]],
                at=f"box {box['number']}",
                proposed=_sureness(box),
            )
            for box in boxes[row["number"]]
        )
        path = row["name"] if row["place"] else None
        where = Where(f"set:{name}", f"picture {row['number']}")
        picture = Picture(
            row["name"],
            path,
            row["width"],
            row["height"],
            marked,
            where=where,
            undecided=row["state"] not in ("reviewed", "accepted"),
        )
        of_split[row["split"]].append(picture)
    splits = tuple(
        Split(split, split, partial(_each, of_split[split])) for split in SET_SPLITS if of_split[split]
    )
    data = DataSet(
        "label set",
        tuple(prompt_of(c) if prompts else c.name for c in classes),
        splits or (Split("train", "train", partial(_each, [])),),
    )
    return data, Tree(Path(f"set:{name}"), dict(sorted(files.items())))


def _sureness(box: sa.RowMapping) -> float | None:
    """Return how sure a model is of a proposal; None of what was decided."""
    if box["state"] != "proposed":
        return None
    return 1.0 if box["score"] is None else float(box["score"])


def prompt_of(found: LabelClass) -> str:
    """Return by which words a class is trained: its first caption, which labelling asks for too.

    A model that reads words would learn nothing for that caption from pictures of "sign-07".
    """
    return found.captions[0] if found.captions else found.name


def _each(pictures: list[Picture]) -> Iterator[Picture]:
    return iter(pictures)


def _living(db: sa.Connection, set_id: int) -> list[LabelClass]:
    return [found for found in classes_of(db, set_id).values() if not found.gone]


def _pictures(
    db: sa.Connection, set_id: int, *, reviewed_only: bool, accepted: bool = False
) -> list[sa.RowMapping]:
    c = PICTURES.c
    query = sa.select(c.number, c.sha256, c.name, c.place, c.width, c.height, c.split, c.state).where(
        c.set_id == set_id
    )
    wanted = ("reviewed", "accepted") if accepted else ("reviewed",)
    query = query.where(c.state.in_(wanted) if reviewed_only else c.state != "skipped")
    return list(db.execute(query.order_by(c.sha256)).mappings())


def _boxes(db: sa.Connection, set_id: int, *, reviewed_only: bool) -> dict[int, list[sa.RowMapping]]:
    """Return the boxes that count, by picture."""
    c = BOXES.c
    query = sa.select(c.number, c.picture, c["class"], c.x1, c.y1, c.x2, c.y2, c.state, c.score)
    query = query.where(c.set_id == set_id, c.shown)
    if reviewed_only:
        query = query.where(c.state.in_(("accepted", "edited")))
    found: dict[int, list[sa.RowMapping]] = defaultdict(list)
    for row in db.execute(query.order_by(c.number)).mappings():
        found[row["picture"]].append(row)
    return found
