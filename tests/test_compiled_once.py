"""Statements are compiled once for all engines, and each engine answers from its own database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler


def test_another_engine_compiles_nothing_and_answers_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = sa.Table("pictures_of_one_test", sa.MetaData(), sa.Column("number", sa.Integer))
    compiled: list[object] = []
    made = SQLCompiler.__init__

    def counted(self: SQLCompiler, *arguments: Any, **more: Any) -> None:
        compiled.append(self)
        made(self, *arguments, **more)

    monkeypatch.setattr(SQLCompiler, "__init__", counted)
    for number in (1, 2):
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{number}.db")
        with engine.begin() as connection:
            pictures.create(connection)
            before = len(compiled)
            for n in range(3):
                connection.execute(sa.insert(pictures).values(number=10 * number + n))
            found = connection.scalars(sa.select(pictures.c.number).where(pictures.c.number > 10)).all()
        assert found == [n for n in range(10 * number, 10 * number + 3) if n > 10]
        assert (len(compiled) > before) is (number == 1)
        engine.dispose()
