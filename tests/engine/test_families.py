"""What a family's light part names is there."""

from __future__ import annotations

from pkgutil import resolve_name

import pytest

from skillbank_engine.families import PROGRAMS
from skillbank_engine.family import Family


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_family_names_is_there(program: str) -> None:
    family: Family = resolve_name(f"{PROGRAMS[program].removesuffix('.__main__')}.family:FAMILY")
    assert family.name == program
    assert set(family.specs().by_action) == set(family.actions)
    assert family.task().__module__ == family.task_at.partition(":")[0]
    for name, tool in family.tools.items():
        assert callable(resolve_name(tool.run)), name
