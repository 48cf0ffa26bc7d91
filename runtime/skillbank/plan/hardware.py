"""What a plan asks of hardware, and what the skill's own facts say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill import Skill
from skillbank.bank.skill_info import SkillInfo
from skillbank.errors import UsageError
from skillbank.plan.model import Resources
from skillbank.plan.paths import MISSING, get_path, parse_path
from skillbank.plan.request import Request, Setting


def resource_changes(
    request: Request, action: Action, info: SkillInfo, schema: SpecSchema, template: Mapping[str, Any]
) -> Iterator[Setting]:
    """Turn ``--gpus`` and ``--nodes`` into settings of the keys that the skill names for them."""
    asked = (("gpus", request.gpus, gpu_key(action, info)), ("nodes", request.nodes, node_key(action, info)))
    for name, count, key in asked:
        if count is None:
            continue
        if count < 0 or (name == "nodes" and count == 0):
            raise UsageError(f"--{name} is {count}, but it must be at least {0 if name == 'gpus' else 1}.")
        if key is None or not _has(key, schema, template) or count == 0:
            continue
        yield Setting(key=key, value=count)
        ids = f"{key.rpartition('.')[0]}.gpu_ids"
        if name == "gpus" and _has(ids, schema, template) and not any(s.key == ids for s in request.settings):
            yield Setting(key=ids, value=list(range(count)))


def gpu_key(action: Action, info: SkillInfo) -> str | None:
    """The spec key for the number of GPUs; ``train.num_gpus`` names the pattern for other actions."""
    return _for_action(info.gpu_spec_key, action)


def node_key(action: Action, info: SkillInfo) -> str | None:
    """The spec key for the number of nodes; by the family's habit beside the GPUs."""
    if info.node_spec_key:
        return _for_action(info.node_spec_key, action)
    gpus = gpu_key(action, info)
    return f"{gpus.removesuffix('num_gpus')}num_nodes" if gpus and gpus.endswith("num_gpus") else None


def resources_of(spec: Mapping[str, Any], info: SkillInfo, action: Action, request: Request) -> Resources:
    """Read the plan's resources off the finished spec."""
    gpus = request.gpus if request.gpus is not None else _count(spec, gpu_key(action, info), 1)
    return Resources(gpus=gpus, nodes=request.nodes or _count(spec, node_key(action, info), 1))


def hardware_notes(skill: Skill, spec: Mapping[str, Any], action: str) -> list[str]:
    """What the skill's hardware facts have to say about this spec, as sentences."""
    facts = skill.info.facts.get("hardware")
    notes = []
    for rule in facts.get("notes", ()) if isinstance(facts, Mapping) else ():
        if not isinstance(rule, Mapping) or action not in rule.get("actions", (action,)):
            continue
        value = get_path(spec, str(rule.get("key")))
        above = rule.get("above")
        if isinstance(value, int | float) and isinstance(above, int | float) and value > above:
            notes.append(str(rule.get("note")))
    return notes


def _for_action(key: str | None, action: Action) -> str | None:
    if key is None or not key.startswith("train."):
        return key
    return f"{action.name}.{key.removeprefix('train.')}"


def _has(key: str, schema: SpecSchema, template: Mapping[str, Any]) -> bool:
    path = parse_path(key)
    return schema.find(path)[0] is not None or get_path(template, path) is not MISSING


def _count(spec: Mapping[str, Any], key: str | None, default: int) -> int:
    value = get_path(spec, key) if key else MISSING
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
