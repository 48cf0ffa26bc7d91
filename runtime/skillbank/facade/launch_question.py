"""What a person is asked before a plan starts: made here, shown alike at every door.

The first line says what starts; each line below it names one thing that will be so, with a fixed word at its
beginning. What comes from a bank or a request stands on one such line, with nothing hidden in it, and a
command stands there whole: a person approves what runs, or something else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from skillbank.errors import a_few
from skillbank.home import results_root
from skillbank.jobs.credentials import shown_variables
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import InputBinding, Plan
from skillbank.plan.paths import leaves
from skillbank.visible import command_line, one_line

with lazy_imports():
    from skillbank.automl import charter

if TYPE_CHECKING:
    from skillbank.jobs.data_digest import SeenData
    from skillbank.platforms.base import Platform
    from skillbank.trust.standing import Standing

__all__ = ["launch_question", "trials"]

_SEARCH = "automl"
_MOST_PLACES = 30
_LONGEST_PLACE = 300
_WIDTH = 10
_LOGIN = re.compile(r"//[^/@\s]*@")
_TERMS = {
    "checkpoint": "from the parent's checkpoint {}",
    "retries": "with up to {} further attempts",
    "on_oom": "on out of memory: {}",
    "resumes": "going on from what {} has left",
}


def launch_question(
    plan: Plan,
    sentence: str,
    standing: Standing,
    terms: Mapping[str, str],
    data: Sequence[SeenData],
    platform: Platform,
    made: Sequence[str] = (),
    parents: Sequence[str] = (),
) -> str:
    """Return the question about starting a plan; see `skillbank.facade.starting.Starting.question`."""
    facts = [
        ("sentence", sentence),
        *(("data set", said) for said in made),
        *_facts(plan, standing, terms, data, platform),
        *(("parent", one_line(job, 80)) for job in parents if not job.startswith("plan:")),
    ]
    lines = [f"  {name:<{_WIDTH}} {said}" for name, said in facts]
    return "\n".join([f"Start {_what(plan)} on {_where(plan)} (plan {plan.plan_id[:12]})?", *lines])


def trials(plan: Plan) -> int | None:
    """Return how many trials a plan's search may start; None when it is no search."""
    if plan.route.name != _SEARCH:
        return None

    return charter.settings_of(plan).max_recommendations


def _what(plan: Plan) -> str:
    what = f"{one_line(plan.action, 40)} of {one_line(plan.skill.name, 60)}"
    count = trials(plan)
    return what if count is None else f"an AutoML search of up to {count} trials over {what}"


def _where(plan: Plan) -> str:
    where = one_line(plan.platform, 40)
    if plan.platform == "local":
        return where
    machines = f" on {plan.resources.nodes} nodes" if plan.resources.nodes > 1 else ""
    return f"{where} with {plan.resources.gpus} GPUs{machines}"


def _facts(
    plan: Plan,
    standing: Standing,
    terms: Mapping[str, str],
    data: Sequence[SeenData],
    platform: Platform,
) -> Iterator[tuple[str, str]]:
    yield from _commands(plan)
    yield "bank", _bank(standing, plan)
    if plan.platform != "local":
        yield "image", one_line(plan.image, _LONGEST_PLACE)
    yield "variables", _variables(plan, platform)
    yield "reads", _places(_read(plan))
    if data:
        yield "data", a_few([f"{one_line(each.key, 60)} {each.shown}" for each in data], _MOST_PLACES)
    if addresses := list(_addresses(plan)):
        yield "addresses", _places(addresses)
    yield from _written(plan)
    if terms:
        yield "terms", ", ".join(_TERMS[name].format(value) for name, value in terms.items())


def _commands(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield every command that the launch may start, whole."""
    yield "command", command_line(plan.command)
    if plan.search is None:
        return
    inner = [part.command for part in (plan.search.evaluation, plan.search.baseline) if part is not None]
    for command in dict.fromkeys(inner):
        yield "evaluates", command_line(command)
    for action, text in sorted(plan.search.settle.items()):
        if plan.platform == "local":
            yield "settle", f"{one_line(action, 40)}: {command_line([text], quoted=False)}"


def _bank(standing: Standing, plan: Plan) -> str:
    said = {
        "own": "comes with skillbank",
        "trusted": "trusted",
        "changed": "changed since it was trusted",
        "untrusted": "not trusted",
    }[standing.state]
    parts = [said]
    if standing.digest:
        parts.append(f"digest {standing.digest[:12]}")
    if standing.state != "own":
        signer, commit = standing.signer or plan.skill.signer, standing.commit or plan.skill.commit
        parts.append(f"signed by {one_line(signer, 80)}" if signer else "no signer")
        parts += [f"commit {one_line(commit, 40)}"] if commit else []
    source = f" from {one_line(standing.source, _LONGEST_PLACE)}" if standing.source else ""
    skill = f"skill {one_line(plan.skill.version, 20)} of digest {plan.skill.digest[:12]}"
    return f"{one_line(standing.bank, 60)}{source}: {', '.join(parts)}; {skill}"


def _variables(plan: Plan, platform: Platform) -> str:
    handed = ", ".join(shown_variables(plan, platform)) or "none"
    return f"{handed}, beside what every program gets" if plan.platform == "local" else handed


def _read(plan: Plan) -> list[str]:
    plans = [plan]
    if plan.search is not None:
        plans += [part for part in (plan.search.evaluation, plan.search.baseline) if part is not None]
    return [_folder(data) for each in plans for data in each.inputs if data.runtime != "value"]


def _folder(data: InputBinding) -> str:
    """Return the folder that an input lies in: the files of one data set are one place."""
    folder, slash, _ = data.uri.rpartition("/")
    whole = data.runtime == "folder" or data.on_hub or not slash
    return data.uri if whole else folder or slash


def _addresses(plan: Plan) -> Iterator[str]:
    """Yield the addresses that the program is given and skillbank does not read for it."""
    known = {data.uri for data in plan.inputs}
    for _, value in leaves(plan.spec):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and "://" in text and text not in known:
                yield text


def _written(plan: Plan) -> Iterator[tuple[str, str]]:
    root = plan.results_root
    if root is not None and "://" in root and not root.startswith("file:"):
        yield "writes to", _places([str(results_root())])
        yield "uploads to", _places([root])
    else:
        yield "writes to", _places([str(results_root()) if root is None else root])


def _places(places: list[str]) -> str:
    # A login inside an address is nothing to show; the machine behind it is.
    shown = [one_line(_LOGIN.sub("//...@", place), _LONGEST_PLACE) for place in dict.fromkeys(places)]
    return a_few(shown, _MOST_PLACES) or "nothing"
