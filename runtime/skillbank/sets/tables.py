"""The tables of label sets, in a dialect that SQLite and PostgreSQL share.

Every number is counted within its set and never used twice. Columns that are derived, so that a grid of ten
thousand pictures is sorted by an index, are named in `DERIVED`; all others are what the log adds up to.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "BOXES",
    "CLAIMS",
    "CLASSES",
    "DERIVED",
    "LABEL_EVENTS",
    "LOOKS",
    "PICTURES",
    "RUNS",
    "SEEN",
    "SETS",
    "SETS_META",
]

SETS_META = sa.MetaData()


def _of_set() -> sa.Column[int]:
    return sa.Column("set_id", sa.Integer, sa.ForeignKey("label_sets.id"), primary_key=True)


def _number(name: str = "number") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


SETS = sa.Table(
    "label_sets",
    SETS_META,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("created", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("val", sa.Double, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("last_class", sa.Integer, nullable=False),
    sa.Column("last_picture", sa.Integer, nullable=False),
    sa.Column("last_box", sa.Integer, nullable=False),
    sa.Column("last_run", sa.Integer, nullable=False),
    sa.Column("learns", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("project", sa.String(63), nullable=False, server_default=sa.text("''")),
    sa.UniqueConstraint("project", "name", name="label_sets_in_project"),
    # The number of a set that was removed must not lead an old handle to another set.
    sqlite_autoincrement=True,
)
CLASSES = sa.Table(
    "label_classes",
    SETS_META,
    _of_set(),
    _number(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("captions", sa.JSON, nullable=False),
    sa.Column("not_captions", sa.JSON, nullable=False),
    sa.Column("threshold", sa.Double),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("into", sa.Integer),
    sa.Column("threshold_run", sa.Integer, server_default=sa.text("NULL")),
)
PICTURES = sa.Table(
    "label_pictures",
    SETS_META,
    _of_set(),
    _number(),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("group", sa.Integer, nullable=False),
    sa.Column("split", sa.String(8), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reviewed_by", sa.Text),
    sa.Column("reviewed_at", sa.DateTime(timezone=True)),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("shown", sa.Integer, nullable=False),
    sa.Column("undecided", sa.Integer, nullable=False),
    sa.Column("margin", sa.Double),
    sa.Column("clashes", sa.Integer, nullable=False),
    sa.Column("apart", sa.Integer, nullable=False),
    sa.Column("use", sa.Double, nullable=False),
    sa.Column("against", sa.Double, nullable=False, server_default=sa.text("0")),
    sa.Column("deep", sa.String(8), server_default=sa.text("NULL")),
    sa.Column("least", sa.Double, server_default=sa.text("NULL")),
    sa.Column("most", sa.Double, server_default=sa.text("NULL")),
    sa.Column("lesson", sa.Integer, server_default=sa.text("NULL")),
    sa.UniqueConstraint("set_id", "sha256"),
    sa.UniqueConstraint("set_id", "name"),
    sa.Index("label_pictures_by_use", "set_id", "use", "number"),
    sa.Index("label_pictures_by_state", "set_id", "state", "split", "use", "number"),
    sa.Index("label_pictures_by_group", "set_id", "group", "number"),
    sa.Index("label_pictures_by_person", "set_id", "reviewed_by", "state", "seconds"),
    sa.Index(
        "label_pictures_by_depth",
        *("set_id", "deep", "least", "most"),
        info={"rows": "least IS NOT NULL"},
    ),
)
LOOKS = sa.Table(
    "label_looks",
    SETS_META,
    _of_set(),
    _number("picture"),
    sa.Column("small", sa.LargeBinary, nullable=False),
)
"""What pictures look like, small; apart from them, so that a grid reads few pages."""
BOXES = sa.Table(
    "label_boxes",
    SETS_META,
    _of_set(),
    _number(),
    sa.Column("picture", sa.Integer, nullable=False),
    sa.Column("class", sa.Integer, nullable=False),
    sa.Column("x1", sa.Double, nullable=False),
    sa.Column("y1", sa.Double, nullable=False),
    sa.Column("x2", sa.Double, nullable=False),
    sa.Column("y2", sa.Double, nullable=False),
    sa.Column("score", sa.Double),
    sa.Column("caption", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("run", sa.Integer),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("by", sa.Text),
    sa.Column("first", sa.JSON(none_as_null=True)),
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Column("chance", sa.Double, server_default=sa.text("NULL")),
    sa.Index("label_boxes_of_picture", "set_id", "picture"),
    sa.Index("label_boxes_of_class", "set_id", "class", "state", "shown", "number"),
)
LABEL_EVENTS = sa.Table(
    "label_events",
    SETS_META,
    _of_set(),
    _number("seq"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("picture", sa.Integer),
    sa.Column("of", sa.Integer),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Index("label_events_of_person", "set_id", "who", "seq"),
    sa.Index("label_events_of_picture", "set_id", "picture", "seq"),
)
RUNS = sa.Table(
    "label_runs",
    SETS_META,
    _of_set(),
    _number(),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("job", sa.String(63)),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("captions", sa.JSON, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("threshold", sa.Double, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("started", sa.DateTime(timezone=True), nullable=False),
    sa.Column("finished", sa.DateTime(timezone=True)),
    sa.Column("source", sa.Text, server_default=sa.text("NULL")),
    sa.Column("learned", sa.Integer, server_default=sa.text("NULL")),
    sa.UniqueConstraint("set_id", "key"),
)
SEEN = sa.Table("label_seen", SETS_META, _of_set(), _number("picture"), _number("run"))
"""Which pictures a run has done."""
CLAIMS = sa.Table(
    "label_claims",
    SETS_META,
    _of_set(),
    _number("picture"),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    sa.Index("label_claims_of_person", "set_id", "who"),
)
DERIVED = {
    PICTURES.name: ("shown", "undecided", "margin", "clashes", "apart", "use", "against", "lesson"),
    BOXES.name: ("shown", "chance"),
    RUNS.name: ("learned",),
}
