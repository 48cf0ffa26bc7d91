"""What a set's log adds up to, worked out apart from the tables; and what the tables hold."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from skillbank.sets.derived import derive
from skillbank.sets.label_set import LabelSet
from skillbank.sets.logged import logged
from skillbank.sets.model import Event
from skillbank.sets.tables import BOXES, CLASSES, PICTURES, RUNS

THINGS = {"class": CLASSES, "picture": PICTURES, "box": BOXES, "run": RUNS}
State = dict[tuple[str, int], dict[str, Any]]


def events_of(labels: LabelSet) -> list[Event]:
    """Return the whole log."""
    found: list[Event] = []
    while page := labels.log(after=found[-1].seq if found else 0, limit=500):
        found += page
    return found


def replayed(events: list[Event]) -> State:
    """Return what the log says that there is."""
    state: State = {}
    for event in events:
        for entry in event.body["changes"]:
            key = entry["what"], entry["number"]
            if entry["before"] is None:
                assert key not in state, f"{key} was made twice"
                state[key] = dict(entry["after"])
            elif entry["after"] is None:
                assert state.pop(key) == entry["before"], f"{key} was not what was dropped"
            elif entry["what"] != "set":
                assert {name: state[key][name] for name in entry["before"]} == entry["before"]
                state[key] |= entry["after"]
    return state


def held(labels: LabelSet) -> State:
    """Return what the tables hold, by the fields of the log."""
    state: State = {}
    with labels._engine.connect() as db:
        for what, table in THINGS.items():
            for row in db.execute(sa.select(table).where(table.c.set_id == labels.id)).mappings():
                state[what, row["number"]] = logged(what, row)
    return state


def check_laws(labels: LabelSet) -> None:
    """See that a set is what its log says, and that what follows from it was worked out."""
    events = events_of(labels)
    assert [event.seq for event in events] == list(range(1, labels.version() + 1))
    state = held(labels)
    assert replayed(events) == state
    living = {n: f["name"] for (what, n), f in state.items() if what == "class" and not f["gone"]}
    assert len(set(living.values())) == len(living)
    for (what, _), fields in state.items():
        if what == "box":
            picture = state["picture", fields["picture"]]
            assert fields["class"] in living
            assert 0 <= fields["x1"] < fields["x2"] <= picture["width"]
            assert 0 <= fields["y1"] < fields["y2"] <= picture["height"]
    before = _derived(labels)
    with labels._engine.begin() as db:
        derive(db, labels.id, [n for what, n in state if what == "picture"])
    assert _derived(labels) == before


def _derived(labels: LabelSet) -> list[Any]:
    return [(row, labels.picture(row.number).boxes) for row in labels.pictures(limit=10_000)]
