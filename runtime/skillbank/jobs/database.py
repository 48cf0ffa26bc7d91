"""The tables of the store, in a dialect that SQLite and PostgreSQL share.

Of which rows an index is stands in its ``info``, under ``rows``: said in the words of the dialects, it would
have every process import those of all databases. `skillbank.jobs.migrations` says it to the one that is used.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "APPROVALS",
    "CODES",
    "DONE",
    "EVENTS",
    "EXPERIMENTS",
    "JOBS",
    "LEASES",
    "META",
    "OPEN",
    "PLANS",
    "PLAN_PROJECTS",
    "QUESTIONS",
    "SESSION_KEYS",
    "SKILLS",
    "TRANSITIONS",
    "UNWEIGHED",
    "VERSIONS",
]

META = sa.MetaData()
PLANS = sa.Table(
    "plans",
    META,
    sa.Column("plan_id", sa.String(64), primary_key=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
)
PLAN_PROJECTS = sa.Table(
    "plan_projects",
    META,
    sa.Column("plan_id", sa.String(64), sa.ForeignKey("plans.plan_id"), primary_key=True),
    sa.Column("project", sa.String(63), primary_key=True),
)
"""In which projects a plan was made: one id stands for one content, whoever compiles it; since version 11."""


def _project() -> sa.Column[str]:
    """Return the column of the project that a thing belongs to, "" being that of the home itself."""
    return sa.Column("project", sa.String(63), nullable=False, server_default=sa.text("''"))


# Written so that no database takes the index of all states for it, which has the rows of all years.
_OPEN = "{0}person IS NOT NULL AND {0}state || '' IN ('PENDING', 'RUNNING', 'UNKNOWN')"
_DONE = "{0}person IS NOT NULL AND {0}state || '' = 'COMPLETE'"
_UNWEIGHED = (
    "{0}person IS NOT NULL AND {0}bytes IS NULL AND {0}state || '' IN ('COMPLETE', 'ERROR', 'CANCELED')"
)
JOBS = sa.Table(
    "jobs",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(63), nullable=False, unique=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("plan_id", sa.String(64), nullable=False, index=True),
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("skill", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False, index=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("results_dir", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("native_id", sa.Text),
    sa.Column("launcher", sa.Text),
    sa.Column("parents", sa.JSON, nullable=False),
    sa.Column("results_uri", sa.Text),
    sa.Column("checkpoint", sa.Text),
    sa.Column("chain", sa.JSON(none_as_null=True)),
    sa.Column("retry", sa.JSON(none_as_null=True)),
    sa.Column("retry_of", sa.String(63), index=True),
    sa.Column("infra_retries", sa.Integer),
    sa.Column("idempotency_key", sa.String(255), unique=True),
    sa.Column("bound_spec_sha256", sa.String(64)),
    sa.Column("exit_code", sa.Integer),
    sa.Column("failure", sa.JSON(none_as_null=True)),
    sa.Column("uploaded", sa.DateTime(timezone=True)),
    sa.Column("settled", sa.DateTime(timezone=True)),
    sa.Column("experiment", sa.String(63), index=True),
    sa.Column("recommendation", sa.Integer),
    sa.Column("resumes", sa.String(63)),
    sa.Column("product", sa.String(63)),
    sa.Column("admitted", sa.JSON(none_as_null=True)),
    sa.Column("data", sa.JSON(none_as_null=True)),
    sa.Column("approval", sa.JSON(none_as_null=True)),
    _project(),
    sa.Column("person", sa.Text),
    sa.Column("gpus", sa.Integer),
    sa.Column("bytes", sa.BigInteger),
    sa.Index("jobs_of_project", "project", "seq"),
    # Listings are by these, the newest first; the rows are large, so that none is read to be passed by.
    sa.Index("jobs_by_skill", "skill", "action", "seq", "project"),
    sa.Index("jobs_by_platform", "platform", "seq", "project"),
    sa.Index("jobs_asked_for", "experiment", "action", "seq", "project"),
    sa.Index("jobs_by_id", "id", "project", "seq"),
    # What quotas and the queue look at of a team's jobs: those that have not ended, those by which others are
    # likened, those whose results nobody weighed.
    sa.Index(
        "jobs_open",
        *("project", "person", "launcher", "state", "gpus", "seq", "platform", "id"),
        info={"rows": _OPEN.format("")},
    ),
    sa.Index(
        "jobs_done",
        *("skill", "action", "platform", "seq", "id", "bytes", "state", "person"),
        info={"rows": _DONE.format("")},
    ),
    sa.Index("jobs_unweighed", "seq", info={"rows": _UNWEIGHED.format("")}),
)
OPEN, DONE, UNWEIGHED = (sa.text(each.format("jobs.")) for each in (_OPEN, _DONE, _UNWEIGHED))
"""What finds them, in the words of the indexes: a database uses those for nothing else."""
TRANSITIONS = sa.Table(
    "transitions",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String(63), sa.ForeignKey("jobs.id"), nullable=False, index=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("ways", sa.JSON(none_as_null=True), nullable=True),
)
APPROVALS = sa.Table(
    "grants",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(255), nullable=False, index=True),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used", sa.DateTime(timezone=True)),
    sa.Column("used_for", sa.String(255)),
    sa.Column("data", sa.JSON(none_as_null=True)),
    sa.Column("given", sa.JSON(none_as_null=True)),
    _project(),
)
QUESTIONS = sa.Table(
    "questions",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.String(255), nullable=False, index=True),
    _project(),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("parents", sa.JSON, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
    sa.Column("answered", sa.DateTime(timezone=True)),
    sa.Column("answered_by", sa.Text),
    sa.Column("yes", sa.Boolean),
)
"""What calls have asked for at a server of a team, and the answers; since version 12."""
SESSION_KEYS = sa.Table(
    "session_keys",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(64), nullable=False),
)
"""With what the servers of a team seal the cookies of their page, all with one; since version 12."""
CODES = sa.Table(
    "approval_codes",
    META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("public", sa.String(64), nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
)
"""Which approval code was set for the store, the newest last, empty where it was taken away."""
EXPERIMENTS = sa.Table(
    "experiments",
    META,
    sa.Column("job_id", sa.String(63), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("charter", sa.JSON, nullable=False),
)
EVENTS = sa.Table(
    "experiment_events",
    META,
    sa.Column("experiment", sa.String(63), sa.ForeignKey("experiments.job_id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)
LEASES = sa.Table(
    "experiment_leases",
    META,
    sa.Column("experiment", sa.String(63), primary_key=True),
    sa.Column("place", sa.String(255), primary_key=True),
    sa.Column("owner", sa.Text),
    sa.Column("beat", sa.DateTime(timezone=True), nullable=False),
)
SKILLS = sa.Table(
    "skills",
    META,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
)
"""What plans were made of; since version 2."""
VERSIONS = sa.Table(
    "store_versions",
    META,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("skillbank", sa.Text, nullable=False),
)
"""Which versions of these tables a store has had, the highest being the one that it has; since version 2."""
