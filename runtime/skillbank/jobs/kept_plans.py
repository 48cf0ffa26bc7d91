"""Plans in the store, with what they rely on of their skills: each is known by the hash of its content."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from skillbank.errors import NotFoundError
from skillbank.jobs.database import PLAN_PROJECTS, PLANS, SKILLS
from skillbank.jobs.outbox import waiting
from skillbank.jobs.skill_facts import SkillFacts
from skillbank.plan.model import Plan
from skillbank.stored import asking, insert, now
from skillbank.team import audit
from skillbank.team.acting import acting_as, may, who
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["KeptPlans"]


class KeptPlans:
    """The plans of a store."""

    def __init__(self, engine: sa.Engine, outbox: Path | None) -> None:
        self._engine, self._outbox = engine, outbox

    @property
    def engine(self) -> sa.Engine:
        """The database, for what is kept beside the jobs: the events of experiments."""
        return self._engine

    def save_plan(self, plan: Plan, facts: SkillFacts | None = None) -> str:
        """Keep a plan, so that it can be approved or run later by its id; return the id.

        Raises
        ------
        ForbiddenError
            When who acts may not plan.
        """
        audit.permit(lambda: self._engine, Right.PLAN, "plan", plan.plan_id)
        document, project = plan.kept(), who().project
        plan_id: str = document.pop("plan_id")
        row = {"plan_id": plan_id, "created": now(), "document": document}
        with self._engine.begin() as db:
            if facts is not None:
                _put_skill(db, facts)
            _put(db, PLANS, row)
            _put(db, PLAN_PROJECTS, {"plan_id": plan_id, "project": project})
            audit.record(db, "plan", plan_id, plan_id=plan_id)
        return plan_id

    def get_plan(self, plan_id: str) -> Plan:
        """Return a plan by its id or a unique beginning of it.

        Raises
        ------
        NotFoundError
            When no plan, or more than one, is meant.
        StateError
            When what the database holds is not what the id stands for, or cannot be read by this version.
        """
        self._take_in(plan_id)
        part = PLANS.c.plan_id.startswith(plan_id.lower(), autoescape=True)
        query = self._plans().where(part).limit(2)
        with asking(self._engine) as db:
            # What cannot be printed is in no id, and not every database takes NUL.
            rows = db.execute(query).mappings().all() if plan_id and plan_id.isprintable() else []
        if len(rows) != 1:
            if rows:
                raise NotFoundError(
                    f"plan '{one_line(plan_id, 80)}' could be several plans; give more of the id"
                )
            raise NotFoundError(
                f"plan '{one_line(plan_id, 80)}' is not known here; make it with {command('plan')}"
            )
        return Plan.from_document({**rows[0]["document"], "plan_id": rows[0]["plan_id"]})

    def _plans(self) -> sa.Select[object]:
        """Return the query of all that is read of plans: of those that are there for who acts."""
        audit.permit(lambda: self._engine, Right.LOOK, "look")
        query = sa.select(PLANS)
        if may(Right.ADMINISTER):
            return query
        own = sa.select(PLAN_PROJECTS.c.plan_id).where(PLAN_PROJECTS.c.project == who().project)
        return query.where(PLANS.c.plan_id.in_(own))

    def _take_in(self, beginning: str) -> None:
        """Bring plans that wait in the outbox into the database; a file goes when its plan has come."""
        if self._outbox is None:
            return
        with acting_as(EVERYBODY):  # of the home, whoever takes them in
            for file, plan, facts in waiting(self._outbox, beginning):
                self.save_plan(plan, facts)
                file.unlink(missing_ok=True)

    def save_skill(self, facts: SkillFacts) -> None:
        """Keep what plans of a skill rely on; it is known by the skill's digest, which every plan holds."""
        with self._engine.begin() as db:
            _put_skill(db, facts)

    def skill(self, digest: str, plan_id: str = "") -> SkillFacts | None:
        """Return what was kept of a skill; None when nothing was.

        Parameters
        ----------
        plan_id
            A plan of that skill, which may wait in the outbox with what is to be kept.
        """
        self._take_in(plan_id)
        with asking(self._engine) as db:
            found = db.scalar(sa.select(SKILLS.c.document).where(SKILLS.c.digest == digest))
        return None if found is None else SkillFacts.model_validate(found)


def _put_skill(db: sa.Connection, facts: SkillFacts) -> None:
    """Add a skill; of the one that is there, as it is with nearly every plan, nothing is sent."""
    known = sa.select(SKILLS.c.digest).where(SKILLS.c.digest == facts.digest)
    if db.scalar(known) is None:
        document = facts.model_dump(mode="json")
        _put(db, SKILLS, {"digest": facts.digest, "created": now(), "document": document})


def _put(db: sa.Connection, table: sa.Table, row: dict[str, object]) -> None:
    """Add a row, unless it is there already."""
    db.execute(insert(db, table).values(**row).on_conflict_do_nothing())
