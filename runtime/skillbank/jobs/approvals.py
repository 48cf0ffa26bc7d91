"""Approvals in the store: each is for one subject, is given by a person's act, and is used once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.jobs.checkpoints import check_method
from skillbank.jobs.data_digest import SeenData
from skillbank.jobs.database import APPROVALS

__all__ = [
    "Approvals",
    "approve_argument",
    "check_terms",
    "launch_terms",
    "plan_subject",
    "read_plan_subject",
]

_USUAL = {"checkpoint": "auto", "on_oom": "stop", "retries": "2"}
_SHOWN = 12
"""How many letters of a plan's id a person is given to type."""


def check_terms(checkpoint: str = "auto", retries: int | str = 2, on_oom: str = "stop") -> None:
    """Refuse terms of a launch that no launch can have, before anybody is asked to approve them.

    Raises
    ------
    UsageError
        Naming the option and what it takes.
    """
    check_method(checkpoint)
    if on_oom not in ("stop", "reduce-batch") or not str(retries).isdecimal():
        raise UsageError("--on-oom is stop or reduce-batch, and --retries a number from 0.")


def launch_terms(**asked: object) -> dict[str, str]:
    """Return what a launch asks for beyond its plan: ``checkpoint``, ``on_oom``, ``retries``.

    What is None or usual anyway is nothing more than the plan.

    Raises
    ------
    UsageError
        When a term is none of these, or its value is not one plain word.
    """
    for name, value in asked.items():
        if name not in _USUAL:
            raise UsageError(f"'{name[:40]}' is no term of a launch; these are: {', '.join(_USUAL)}.")
        if value is not None and not re.fullmatch(r"[\w.-]{1,60}", str(value)):
            raise UsageError(f"{name} of a launch must be one word or number.")
    check_terms(**{name: str(value) for name, value in asked.items() if value is not None})
    return {k: str(asked[k]) for k in _USUAL if asked.get(k) is not None and str(asked[k]) != _USUAL[k]}


def plan_subject(plan_id: str, terms: Mapping[str, str] | None = None) -> str:
    """Return the subject of an approval to launch a plan once, on these terms and no others."""
    return ":".join(("plan", plan_id, *(f"{name}={value}" for name, value in (terms or {}).items())))


def read_plan_subject(text: str) -> tuple[str, dict[str, str]]:
    """Return the plan (or the beginning of its id) and the terms that `plan_subject` wrote.

    Raises
    ------
    UsageError
        When a term is none; see `launch_terms`.
    """
    plan_id, *said = text.removeprefix("plan:").split(":")
    return plan_id, launch_terms(**{name: value for name, _, value in (term.partition("=") for term in said)})


def approve_argument(plan_id: str, terms: Mapping[str, str] | None = None) -> str:
    """Return what a person gives to ``skillbank approve``: the subject, with the id cut short."""
    return plan_subject(plan_id[:_SHOWN], terms).removeprefix("plan:")


class Approvals:
    """Approvals, shared by every process that opens the same database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def grant(
        self, subject: str, by: str = "", caller: str | None = None, data: Sequence[SeenData] | None = None
    ) -> None:
        """Approve a subject once; granting again before it is used changes nothing but the data.

        Parameters
        ----------
        by
            Who, and at which door; kept for whoever asks later.
        caller
            For which call alone, when a person was asked because of one.  Others that ask for the same at the
            same time have to be approved themselves.
        data
            What lay there when the person was asked: the last one that was asked saw what is there now.
        """
        subject = _kept(subject, caller)
        seen = None if data is None else [each.model_dump(mode="json") for each in data]
        given = {"granted_by": by, "granted": _now(), "data": seen}
        with self._engine.begin() as db:
            number = db.scalar(_open(subject))
            if number is None:
                db.execute(APPROVALS.insert().values(subject=subject, **given))
            elif seen != db.scalar(sa.select(APPROVALS.c.data).where(APPROVALS.c.seq == number)):
                still = APPROVALS.c.subject == subject, APPROVALS.c.used.is_(None)
                db.execute(APPROVALS.update().where(*still).values(**given))

    def use(self, subject: str, caller: str | None = None) -> int | None:
        """Use up an approval of exactly this subject and return its number; None when there is none.

        Parameters
        ----------
        caller
            Which call asks; what was approved for it comes first, then what was approved for anybody.
        """
        number = None if caller is None else self._use(_kept(subject, caller), subject)
        return self._use(subject, subject) if number is None else number

    def _use(self, stored: str, subject: str) -> int | None:
        with self._engine.begin() as db:
            number: int | None = db.execute(_open(stored)).scalar()
            if number is None:
                return None
            use = APPROVALS.update().where(APPROVALS.c.seq == number, APPROVALS.c.used.is_(None))
            # What was approved and by whom can be read in the table once it is used.
            if db.execute(use.values(used=_now(), subject=subject)).rowcount == 1:
                return number
        # Somebody else used it in between; there may be one more.
        return self._use(stored, subject)

    def data(self, number: int) -> tuple[SeenData, ...] | None:
        """Return what lay there when this was approved; None where that was not kept."""
        with self._engine.connect() as db:
            found = db.scalar(sa.select(APPROVALS.c.data).where(APPROVALS.c.seq == number))
        return None if found is None else tuple(SeenData.model_validate(each) for each in found)

    def withdraw(self, subject: str, caller: str) -> None:
        """Take back what was approved for one call and has not been used."""
        with self._engine.begin() as db:
            stored = APPROVALS.c.subject == _kept(subject, caller)
            db.execute(APPROVALS.delete().where(stored, APPROVALS.c.used.is_(None)))

    def give_back(self, number: int, subject: str) -> None:
        """Make an approval usable again, by any call: what it was used for did not come about."""
        with self._engine.begin() as db:
            row = APPROVALS.update().where(APPROVALS.c.seq == number)
            db.execute(row.values(used=None, subject=subject))

    def given(self, subject: str) -> bool:
        """Say whether an approval waits to be used."""
        with self._engine.connect() as db:
            return db.scalar(_open(subject)) is not None


def _kept(subject: str, caller: str | None) -> str:
    """Return under which subject an approval stands that is for one call alone."""
    if caller is None:
        return subject
    return f"for:{hashlib.sha256(f'{caller}{chr(0)}{subject}'.encode()).hexdigest()}"


def _open(subject: str) -> sa.Select[Any]:
    return sa.select(sa.func.min(APPROVALS.c.seq)).where(
        APPROVALS.c.subject == subject, APPROVALS.c.used.is_(None)
    )


def _now() -> datetime:
    return datetime.now(UTC)
