"""A process that reviews and labels until it is killed; it says what was done once that has returned."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from skillbank.jobs.store import JobStore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Add, Change, Operation, Reject, Review
from skillbank.sets.store import SetStore
from tests.sets.conftest import box, spec


def main(url: str, log: str, seed: str) -> None:
    """Work on the set "signs"; each line of the log is an event that has returned."""
    numbers = random.Random(seed)
    with JobStore(url) as store, Path(log).open("a") as said:
        labels = SetStore(store.engine).open("signs")
        for step in range(10_000):
            done = one_thing(labels, numbers, f"{seed}-{step}")
            said.write(f"{done}\n")
            said.flush()


def one_thing(labels: LabelSet, numbers: random.Random, mark: str) -> str:
    """Do one thing, and return it in a line."""
    who = numbers.choice(["ann", "bob"])
    what = numbers.random()
    if what < 0.3:
        run = labels.start_run(spec(f"m{numbers.randrange(1000)}"))
        batch = [row.number for row, _ in zip(labels.missing(run), range(4), strict=False)]
        labels.propose(run, {n: [box(1, 0, 0.9), box(2, 50, 0.6)] for n in batch})
        return f"proposed {run.number} {','.join(map(str, batch))}"
    if what < 0.4:
        event = labels.undo(who)
        return f"undone {event.seq if event else 0}"
    row = numbers.choice(labels.pictures())
    state = labels.picture(row.number)
    decided = [b for b in state.boxes if b.state != "rejected"]
    operations: list[Operation] = [Add(1, (numbers.random() * 60, 5, 90, 60))]
    if decided:
        chosen = numbers.choice(decided)
        moved = Change(chosen.number, 2, (1, 1, 30, 30))
        operations.append(Reject(chosen.number) if numbers.random() < 0.5 else moved)
    operations.append(Review("reviewed" if numbers.random() < 0.5 else "todo"))
    after = labels.edit(row.number, operations, who=who, version=state.version)
    return f"edited {row.number} {after.version} {max(b.number for b in after.boxes)}"


if __name__ == "__main__":
    main(*sys.argv[1:])
