"""What a model finds in one picture when a person asks it there: proposals beside those that are shown.

They are of no run: the sample and thresholds, which speak of a run's scores, do not count them as found.
No later run takes them away before somebody has decided.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillbank.sets.disputes import Mark, is_among
from skillbank.sets.geometry import inside
from skillbank.sets.model import ASKED, Proposal
from skillbank.sets.rows import state_of
from skillbank.sets.writing import Writing

__all__ = ["take_asked"]

_SAME = 0.5
"""Share of two boxes of a class from which they are about one object."""


def take_asked(change: Writing, number: int, found: Sequence[Proposal], model: str) -> int:
    """Add what was found in a picture to its proposals but for what is shown or decided there; say how many.

    Parameters
    ----------
    found
        The surest first; their captions are what was asked.
    model
        Which has found it, for the log.
    """
    state = state_of(change.db, change.set_id, number)
    there: list[Mark] = [
        (box.class_number, box.corners) for box in state.boxes if box.shown or box.state == "rejected"
    ]
    count = 0
    for each in found:
        corners = inside(each.box, state.row.width, state.row.height)
        if corners is None or is_among((each.class_number, corners), there, _SAME):
            continue
        there.append((change.meant(each.class_number).number, corners))
        x1, y1, x2, y2 = corners
        change.make(
            "box",
            {
                "picture": number,
                "class": each.class_number,
                "x1": x1,
                "y1": y1,
                "x2": x2,
                "y2": y2,
                "score": None,
                "caption": each.caption,
                "origin": change.who,
                "run": None,
                "state": "proposed",
                "by": None,
                "first": None,
            },
        )
        count += 1
    if count:
        asked = list(dict.fromkeys(each.caption for each in found))
        change.note(ASKED, number, body={"asked": asked, "model": model})
    return count
