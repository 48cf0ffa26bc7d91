"""What skillbank 0.1.0 left, made by running it once: its store, its jobs' folders, the bank, its plans.

``tests/data`` holds the tables' rows as JSON with the statements that made the tables on each database, and
the files by their paths. ``{root}`` stands for the folder that they are laid out in; what plans say of
``/srv/example`` is part of their ids and stays.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from skillbank.jobs.store import JobStore

_DATA = Path(__file__).parent / "data"


def old_plans() -> list[dict[str, Any]]:
    """Return plans as ``skillbank plan --json`` of 0.1.0 printed them."""
    found: list[dict[str, Any]] = json.loads((_DATA / "plans_0_1_0.json").read_text())
    return found


def old_rows() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the store of 0.1.0, by table."""
    found: dict[str, list[dict[str, Any]]] = json.loads((_DATA / "store_0_1_0.json").read_text())["rows"]
    return found


def lay_out(root: Path) -> None:
    """Write the folders of the jobs, the bank and its program below a folder."""
    for name, text in json.loads((_DATA / "folders_0_1_0.json").read_text()).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{root}", str(root)) if name.startswith("home/") else text)
        if name.startswith("bin/"):
            path.chmod(0o755)


def fill(url: str, root: Path) -> None:
    """Make the store of 0.1.0 in an empty database; its jobs' folders lie below ``root``."""
    document = json.loads((_DATA / "store_0_1_0.json").read_text())
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    else:
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed)
    with engine.begin() as db:
        for statement in document["tables"][engine.dialect.name]:
            db.exec_driver_sql(statement)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.begin() as db:
        for table in tables.sorted_tables:
            for row in document["rows"][table.name]:
                db.execute(table.insert().values({k: _value(table.c[k], v, root) for k, v in row.items()}))
            if engine.dialect.name == "postgresql" and "seq" in table.c:
                last = f"(SELECT coalesce(max(seq), 0) + 1 FROM {table.name})"
                db.exec_driver_sql(f"SELECT setval('{table.name}_seq_seq', {last}, false)")
    engine.dispose()


def _value(column: sa.Column[Any], value: Any, root: Path) -> Any:
    if isinstance(column.type, sa.DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(value, str):
        return value.replace("{root}", str(root))
    if isinstance(column.type, sa.JSON) and column.name == "body":
        return json.loads(json.dumps(value).replace("{root}", str(root)))
    return value


def versions_of(store: JobStore) -> list[int]:
    """Return the versions that a store says it has had."""
    with store.engine.connect() as db:
        return list(db.scalars(sa.text("SELECT version FROM store_versions ORDER BY version")))
