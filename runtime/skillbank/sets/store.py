"""All label sets of a store: made, opened, listed, renamed, removed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from skillbank.errors import UsageError, a_few, did_you_mean
from skillbank.plan.set_places import NAME
from skillbank.sets.classes import put_specs
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, SetNotFoundError, SetSummary
from skillbank.sets.stored import refuse_to_keep
from skillbank.sets.summary import summary_of
from skillbank.sets.tables import SETS, SETS_META
from skillbank.sets.transactions import reading, writing
from skillbank.sets.who import who_decides
from skillbank.sets.writing import Writing, change_set
from skillbank.stored import asking, now
from skillbank.team import audit
from skillbank.team.acting import who as who_acts
from skillbank.team.rights import Right
from skillbank.team.seeing import seen
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["SetStore", "checked_name"]

_NAME = re.compile(NAME)
_Summaries: TypeAlias = list[SetSummary]  # inside the class, `list` is the method


def checked_name(name: str) -> str:
    """Return the name of a set."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{one_line(name, 60)}' cannot be the name of a label set; one has up to 100 letters, digits, "
            "'-', '_' and '.', and begins with a letter or digit"
        )
    return name


class SetStore:
    """Label sets, shared by every process that opens the same database.

    Examples
    --------
    >>> from skillbank import Runtime
    >>> from skillbank.sets.ontology import read_classes
    >>> with Runtime() as runtime:
    ...     classes = read_classes(["exit = red exit sign | green exit sign | not poster"]).classes
    ...     signs = runtime.sets.create("signs", classes, who="ann")
    ...     again = runtime.sets.open("signs").classes()
    ...     names = runtime.sets.names()
    >>> again[0].name, again[0].captions, again[0].not_captions
    ('exit', ('red exit sign', 'green exit sign'), ('poster',))
    >>> names, "sign" in names
    (('signs',), False)
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @property
    def engine(self) -> sa.Engine:
        """The database."""
        return self._engine

    def create(
        self, name: str, classes: Sequence[ClassSpec] = (), *, val: float = 0.2, who: str, notes: str = ""
    ) -> LabelSet:
        """Make a set without pictures.

        Parameters
        ----------
        val
            Share of the pictures that goes to validation, from 0 to 0.9.

        Raises
        ------
        UsageError
            When the name is none or taken, or a class cannot be kept.
        ForbiddenError
            When who acts may not label.
        QuotaError
            When who acts, or the project, may keep no more.
        """
        audit.permit(lambda: self._engine, Right.LABEL, "label.create", name)
        checked_name(name)
        refuse_to_keep(self._engine, "label.create", name)
        if not 0 <= val <= 0.9:
            raise UsageError(f"the share that validates is from 0 to 0.9, and {val} is not")
        counters = dict.fromkeys(("last_class", "last_picture", "last_box", "last_run", "learns"), 0)
        row = {"name": name, "created": now(), "version": 0, "val": float(val), "notes": notes, **counters}
        row["project"] = who_acts().project
        try:
            with writing(self._engine) as db:
                [set_id] = db.execute(SETS.insert().values(**row)).inserted_primary_key or [0]
                change = Writing(db, {"id": set_id, **row}, who_decides(who))
                put_specs(change, classes)
                change.note("create")
                change.settle()
        except IntegrityError:
            raise UsageError(f"there is a label set {name} already; open it, or give another name") from None
        return LabelSet(self._engine, set_id, name)

    def open(self, name: str) -> LabelSet:
        """Return a set by its name.

        Raises
        ------
        SetNotFoundError
            When there is none; the nearest name is said.
        UsageError
            When who acts sees those of several projects, and has none of this name in the own one.
        ForbiddenError
            When who acts may not look.
        """
        query = self._sets(SETS.c.id, SETS.c.project)
        # Each question is of its own moment: a set is looked for with every request.
        with asking(self._engine) as db:
            found = {project: number for number, project in db.execute(query.where(SETS.c.name == name))}
            mine = who_acts().project
            if mine in found or len(found) == 1:
                return LabelSet(self._engine, found.get(mine, *found.values()), name)
            known = list(db.scalars(self._sets(SETS.c.name).order_by(SETS.c.name)))
        if found:
            raise UsageError(
                f"there are label sets {name} in several projects ({a_few(sorted(found), 5)}); somebody of "
                "the project that is meant has to do this"
            )
        raise SetNotFoundError(
            f"there is no label set '{one_line(name, 60)}'{did_you_mean(name, known)}; "
            f"{command('sets')} lists those there are"
        )

    def __contains__(self, name: str) -> bool:
        """Whether there is a set of this name."""
        with asking(self._engine) as db:
            return db.scalar(self._sets(SETS.c.id).where(SETS.c.name == name).limit(1)) is not None

    def names(self) -> tuple[str, ...]:
        """Return the names of all sets, sorted."""
        with asking(self._engine) as db:
            return tuple(dict.fromkeys(db.scalars(self._sets(SETS.c.name).order_by(SETS.c.name))))

    def list(self) -> _Summaries:
        """Return how every set stands, by name."""
        query = self._sets().order_by(SETS.c.name)
        with reading(self._engine) as db:
            return [summary_of(db, row) for row in db.execute(query).mappings().all()]

    def _sets(self, *columns: sa.Column[Any]) -> sa.Select[Any]:
        """Return the query of all that is read of sets: of those that are there for who acts."""
        audit.permit(lambda: self._engine, Right.LOOK, "look")
        query = seen(sa.select(SETS), SETS.c.project)
        return query.with_only_columns(*columns) if columns else query

    def remove(self, name: str, who: str) -> None:
        """Forget a set with all that was decided in it; pictures stay where they lie."""
        found = self.open(name)
        with change_set(self._engine, found.id, who_decides(who)) as change:
            change.tell("remove_set")
            for table in reversed(SETS_META.sorted_tables):
                column = table.c.id if table is SETS else table.c.set_id
                change.db.execute(table.delete().where(column == found.id))

    def rename(self, name: str, to: str, who: str) -> None:
        """Give a set another name."""
        checked_name(to)
        found = self.open(name)
        try:
            with change_set(self._engine, found.id, who_decides(who)) as change:
                if change.change_self(name=to):
                    change.note("rename_set")
        except IntegrityError:
            raise UsageError(f"there is a label set {to} already; give another name") from None
