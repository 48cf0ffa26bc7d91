"""Questions that wait for a person at the page: what a call asked for, until somebody answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from skillbank.errors import NotFoundError
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.database import QUESTIONS
from skillbank.stored import asking, aware, now, storable
from skillbank.team.acting import who
from skillbank.team.seeing import seen

__all__ = ["Question", "Questions"]

_MOST = 200
_NUMBERS = 1 << 31
"""No question has a number as large, and no column takes one."""


@dataclass(frozen=True)
class Question:
    """What a person is asked.

    Attributes
    ----------
    number
        By which it is answered.
    subject, question, data, parents
        As in `skillbank.agent.approval.Approval`.
    asked_by, asked
        Whose call it was, and when it came last.
    """

    number: int
    subject: str
    question: str
    data: tuple[SeenData, ...]
    parents: tuple[str, ...]
    project: str
    asked_by: str
    asked: datetime


class Questions:
    """The questions of a store, shared by every process that opens it; one's own project's are there."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def ask(self, subject: str, question: str, data: Sequence[SeenData], parents: Sequence[str]) -> None:
        """Let a question stand until it is answered; asked again, it stands as it is now."""
        values = {
            "question": storable(question),
            "data": [each.model_dump(mode="json") for each in data],
            "parents": list(parents),
            "asked_by": who().name,
            "asked": now(),
        }
        with self._engine.begin() as db:
            if not db.execute(QUESTIONS.update().where(*_standing(subject)).values(**values)).rowcount:
                db.execute(QUESTIONS.insert().values(subject=subject, project=who().project, **values))

    def list(self) -> tuple[Question, ...]:
        """Return what waits for an answer, the newest first."""
        query = seen(sa.select(QUESTIONS).where(QUESTIONS.c.answered.is_(None)), QUESTIONS.c.project)
        with asking(self._engine) as db:
            rows = db.execute(query.order_by(QUESTIONS.c.seq.desc()).limit(_MOST)).mappings().all()
        return tuple(map(_question, rows))

    def get(self, number: int) -> Question:
        """Return a question that waits for an answer."""
        open_one = sa.select(QUESTIONS).where(QUESTIONS.c.seq == number, QUESTIONS.c.answered.is_(None))
        row = None
        if number < _NUMBERS:
            with asking(self._engine) as db:
                row = db.execute(seen(open_one, QUESTIONS.c.project)).mappings().first()
        if row is None:
            raise NotFoundError(f"no question {number} waits for an answer; perhaps somebody has answered it")
        return _question(row)

    def answer(self, number: int, yes: bool) -> bool:
        """Note the answer; false when somebody was faster."""
        values = {"answered": now(), "answered_by": who().name, "yes": yes}
        with self._engine.begin() as db:
            open_one = QUESTIONS.c.seq == number, QUESTIONS.c.answered.is_(None)
            return db.execute(QUESTIONS.update().where(*open_one).values(**values)).rowcount == 1

    def open_again(self, number: int) -> None:
        """Let a question wait on whose answer came to nothing."""
        values = {"answered": None, "answered_by": None, "yes": None}
        with self._engine.begin() as db:
            db.execute(QUESTIONS.update().where(QUESTIONS.c.seq == number).values(**values))

    def settle(self, subject: str) -> None:
        """Take away the question of what has been approved, wherever that was."""
        with self._engine.begin() as db:
            db.execute(QUESTIONS.delete().where(*_standing(subject)))

    def refused(self, subject: str) -> str:
        """Return who has said no to this last, which is told once; empty where nobody has."""
        mine = QUESTIONS.c.subject == subject, QUESTIONS.c.project == who().project
        no = (*mine, QUESTIONS.c.yes.is_(False))
        with self._engine.begin() as db:
            last = db.scalar(
                sa.select(QUESTIONS.c.answered_by).where(*no).order_by(QUESTIONS.c.seq.desc()).limit(1)
            )
            if last is not None:
                db.execute(QUESTIONS.delete().where(*no))
        return str(last or "")


def _standing(subject: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Say which row is the question of a subject that waits in the project of who acts."""
    return (
        QUESTIONS.c.subject == subject,
        QUESTIONS.c.project == who().project,
        QUESTIONS.c.answered.is_(None),
    )


def _question(row: sa.RowMapping) -> Question:
    return Question(
        number=row["seq"],
        subject=row["subject"],
        question=row["question"],
        data=tuple(SeenData.model_validate(each) for each in row["data"]),
        parents=tuple(row["parents"]),
        project=row["project"],
        asked_by=row["asked_by"],
        asked=aware(row["asked"]),
    )
