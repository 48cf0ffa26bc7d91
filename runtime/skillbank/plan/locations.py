"""Where the data sets of a plan lie as a whole, found back from the files that its spec names."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.bank.keys import plain
from skillbank.bank.skill import Skill
from skillbank.plan.datasets import Binding, bindings
from skillbank.plan.inputs import positions
from skillbank.plan.model import Plan, Source
from skillbank.plan.paths import get_path
from skillbank.plan.request import role_of
from skillbank.plan.spec import is_example

__all__ = ["forms_of", "locations_of"]


def forms_of(plan: Plan) -> dict[tuple[str, str], str]:
    """Return the formats that were said of a plan's data, by source and location."""
    return {(each.source, each.place): each.form for each in plan.inputs if each.form}


def locations_of(plan: Plan, skill: Skill) -> dict[str, list[str]]:
    """Return the locations that were given for a plan's data sets, by source, in the order given."""
    action = skill.action(plan.action, plan.variant)
    rows, _ = bindings(skill, action, skill.template(action)[0])
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.kind == "data" and row.source not in found:
            places = list(_given(plan, row))
            if places and None not in places:
                found[row.source] = [place for place in places if place is not None]
    return found


def _given(plan: Plan, row: Binding) -> Iterator[str | None]:
    """Yield the location behind each value of a row; None where a value is not of the data set."""
    keys = positions(row.key, plan.spec)
    changed = {o.key for o in plan.overrides if o.source is Source.DATASET_TABLE}
    if not changed.intersection(keys) and not _equals_the_example(plan, row, keys):
        return
    for key in keys:
        content = get_path(plan.spec, key)
        for each in content if isinstance(content, list) else [content]:
            yield _root(each, row.path)


def _root(content: object, path: str) -> str | None:
    end = f"/{path}".rstrip("/")
    if not isinstance(content, str) or (path and not content.endswith(end)):
        return None
    return content[: len(content) - len(end)] if path else content


def _equals_the_example(plan: Plan, row: Binding, keys: list[str]) -> bool:
    """Whether the data that was given is just what the template shows, so that nothing was changed."""
    asked = {question.key for question in plan.questions}
    named = [i for i in plan.inputs if plain(i.key) == plain(row.key) and i.source == row.source]
    return (
        bool(named)
        and not any(i.optional or not is_example(i.uri) for i in named)
        and not asked.intersection((f"data.{role_of(row.source)}", *keys))
    )
