"""The tables of a team: tokens, quotas and what they limit, and the audit log, which nothing changes."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["AUDIT", "GPU_SECONDS", "QUOTAS", "REFUSALS", "SHARES", "TEAM_META", "TOKENS"]

TEAM_META = sa.MetaData()
TOKENS = sa.Table(
    "team_tokens",
    TEAM_META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("project", sa.String(63), nullable=False),
    sa.Column("rights", sa.JSON, nullable=False),
    sa.Column("agent", sa.Boolean, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("made", sa.DateTime(timezone=True), nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked", sa.DateTime(timezone=True)),
    sa.Index(
        "team_tokens_in_force",
        *("name", "project"),
        unique=True,
        info={"rows": "revoked IS NULL"},
    ),
)
AUDIT = sa.Table(
    "team_audit",
    TEAM_META,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("project", sa.String(63), nullable=False),
    sa.Column("agent", sa.Boolean, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("verb", sa.String(63), nullable=False),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("plan_id", sa.String(64), nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    # A number that was given once is never given again, even if somebody empties the table by force.
    sqlite_autoincrement=True,
)
QUOTAS = sa.Table(
    "team_quotas",
    TEAM_META,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("running", sa.Integer),
    sa.Column("gpu_hours", sa.Double),
    sa.Column("period", sa.String(16), nullable=False),
    sa.Column("bytes", sa.BigInteger),
)
"""What users, projects and the server may have, see `skillbank.team.quota`; since version 15."""
GPU_SECONDS = sa.Table(
    "team_gpu_seconds",
    TEAM_META,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Index("team_gpu_seconds_by_person", "person", "day"),
    sa.Index("team_gpu_seconds_by_day", "day"),
)
"""What the jobs of a person in a project that have ended used of GPUs, by day (UTC); since version 15."""
SHARES = sa.Table(
    "team_shares",
    TEAM_META,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("bytes", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("refused", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("served", sa.DateTime(timezone=True)),
    sa.Index("team_shares_by_person", "person"),
)
"""Of a person in a project: what results hold, what quotas refused, when a job last got a place."""
REFUSALS = sa.Table(
    "team_refusals",
    TEAM_META,
    sa.Column("person", sa.String(255), primary_key=True),
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("minute", sa.Integer, primary_key=True),
    sa.Column("agent", sa.Boolean, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)
"""How much somebody was refused in a minute since 1970, until the log has told it; since version 14."""

_TRIGGERS = {
    "sqlite": tuple(
        f"CREATE TRIGGER team_audit_no_{change.lower()} BEFORE {change} ON team_audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        for change in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION team_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$",
        "CREATE TRIGGER team_audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON team_audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION team_audit_only_grows()",
    ),
}


@sa.event.listens_for(AUDIT, "after_create")
def _guard(target: sa.Table, db: sa.Connection, **_: object) -> None:
    """Let the database itself refuse what would change a line or take one away."""
    for statement in _TRIGGERS.get(db.dialect.name, ()):
        db.execute(sa.text(statement))
