"""What a plan asks of hardware, and what the skill's own facts say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.schema import SpecSchema
from skillbank.bank.skill_info import SkillInfo
from skillbank.errors import UsageError
from skillbank.plan.model import Override, Plan, Resources, Source
from skillbank.plan.paths import MISSING, get_path, parse_path
from skillbank.plan.request import Request, Setting
from skillbank.ways import option

_MOST = 4096
"""A count beyond it is a slip, and the list of its GPUs would not fit into a plan."""
NODE_ENV = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "NUM_GPU_PER_NODE", "WORLD_SIZE")


def resource_changes(
    request: Request,
    said: Sequence[Override],
    action: Action,
    info: SkillInfo,
    schema: SpecSchema,
    template: Mapping[str, object],
) -> list[Setting]:
    """Turn counts of GPUs and nodes into settings of the keys that the skill names for them.

    The number of GPUs and the list of them follow from each other, whichever of them was said and how.

    Parameters
    ----------
    said
        What the user has set by key, checked.
    """
    counts = _gpu_settings(request.gpus, said, gpu_key(action, info), schema, template)
    _refuse_count("nodes", request.nodes, least=1)
    key = node_key(action, info)
    if request.nodes and key is not None and _has(key, schema, template):
        counts.append(Setting(key=key, value=request.nodes))
    return counts


def _gpu_settings(
    asked: int | None,
    said: Sequence[Override],
    key: str | None,
    schema: SpecSchema,
    template: Mapping[str, object],
) -> list[Setting]:
    """Return the settings that count and list the GPUs that were asked for and were not set by key."""
    ids = _ids_beside(key)
    own, listed = _said(key or "", said), _said(ids, said)
    gpus = _counted(listed, own, asked) if isinstance(listed, list) else asked
    if gpus is None and listed is None and isinstance(own, int):
        gpus = own
    _refuse_count("gpus", gpus, least=0)
    if not gpus or key is None or not _has(key, schema, template):
        return []
    settings = [] if own is not None and own == gpus else [Setting(key=key, value=gpus)]
    if ids and listed is None and _has(ids, schema, template):
        settings.append(Setting(key=ids, value=list(range(gpus))))
    return settings


def _said(key: str, changes: Sequence[Override]) -> object:
    """Return what a user set for a key, by itself or in a block of values; None where nothing was said."""
    for change in changes:
        if change.key == key:
            return change.value
        if isinstance(change.value, Mapping) and key.startswith(f"{change.key}."):
            found = get_path(change.value, key.removeprefix(f"{change.key}."))
            if found is not MISSING:
                return found
    return None


def _ids_beside(key: str | None) -> str:
    """Return the key that lists GPUs beside the one that counts them; empty where none counts them."""
    return f"{key.rpartition('.')[0]}.gpu_ids" if key else ""


def _refuse_count(name: str, count: int | None, least: int) -> None:
    """Refuse a number of GPUs or nodes that no machine has."""
    if count is not None and count < least:
        raise UsageError(f"{option(name)} is {count}, but it must be at least {least}.")
    if count is not None and count > _MOST:
        raise UsageError(f"{option(name)} is {count}, but no more than {_MOST} can be asked for.")


def _counted(listed: list[object], own: object, asked: int | None) -> int:
    """Return how many GPUs a list of their numbers names."""
    counts = (each for each in (asked, own) if each is not None and each != len(listed))
    if (other := next(counts, None)) is not None:
        named = ", ".join(str(each) for each in listed)
        raise UsageError(f"{other} GPUs were asked for and {len(listed)} are named ({named}); keep one.")
    return len(listed)


def said_hardware(
    plan: Plan, action: Action, info: SkillInfo, schema: SpecSchema, template: Mapping[str, object]
) -> tuple[int | None, int | None, set[str]]:
    """Find back what `resource_changes` was given.

    Returns
    -------
    gpus, nodes
        None where the plan has as many as the skill itself takes.
    keys
        The spec keys that follow from these.
    """
    user = {o.key: o.value for o in plan.overrides if o.source in (Source.USER, Source.SHORTHAND)}
    key, had = gpu_key(action, info), plan.resources.gpus
    if key is not None and key in user and had == user[key]:
        # Of GPUs that were named their number follows.
        gpus, follows = None if names_gpus(plan, _ids_beside(key)) else had, {key}
    else:
        gpus, follows = (had if had != _count(plan.spec, key, _usual_gpus(info)) else None), set()
    key, nodes = node_key(action, info), plan.resources.nodes
    if key is not None and key in user and nodes == user[key]:
        return gpus, nodes, follows | {key}
    return gpus, nodes if nodes != _count(plan.spec, key, 1) else None, follows


def names_gpus(plan: Plan, ids: str) -> bool:
    """Whether a user has named the GPUs that a key of a plan lists, and not only how many there are."""
    return any(o.key == ids and o.source in (Source.USER, Source.SHORTHAND) for o in plan.overrides)


def counted(changes: Sequence[Override], counts: Sequence[Setting]) -> list[Override]:
    """Return the changes of a user, lists of GPUs among `resource_changes` as what follows from a count."""
    lists = {each.key for each in counts if isinstance(each.value, list)}
    follows = {"source": Source.INFERENCE, "detail": "as many as are asked for, the first ones"}
    return [c.model_copy(update=follows) if c.key in lists else c for c in changes]


def gpu_key(action: Action, info: SkillInfo) -> str | None:
    """The spec key for the number of GPUs; ``train.num_gpus`` names the pattern for other actions."""
    return _for_action(info.gpu_spec_key, action)


def node_key(action: Action, info: SkillInfo) -> str | None:
    """The spec key for the number of nodes; by the family's habit beside the GPUs."""
    if info.node_spec_key:
        return _for_action(info.node_spec_key, action)
    gpus = gpu_key(action, info)
    return f"{gpus.removesuffix('num_gpus')}num_nodes" if gpus and gpus.endswith("num_gpus") else None


def resources_of(spec: Mapping[str, object], info: SkillInfo, action: Action, request: Request) -> Resources:
    """Read the plan's resources off the finished spec."""
    usual = _usual_gpus(info)
    gpus = request.gpus if request.gpus is not None else _count(spec, gpu_key(action, info), usual)
    return Resources(
        gpus=gpus,
        nodes=request.nodes or _count(spec, node_key(action, info), 1),
    )


def _usual_gpus(info: SkillInfo) -> int:
    """Return how many GPUs an action takes where nothing says it: none where the skill needs none."""
    return 0 if section(info, "hardware").get("min_gpus") == 0 else 1


def memory_of(info: SkillInfo) -> float | None:
    """Return the memory in GB that the skill wants of each GPU, if it says so."""
    memory = section(info, "hardware").get("gpu_memory_gb")
    return float(memory) if memory is not None and memory > 0 else None


def section(info: SkillInfo, name: str) -> Mapping[str, Any]:
    """Return one of the skill's sections of facts; empty when there is none."""
    facts: Mapping[str, object] = info.facts.get(name, {})
    return facts


def hardware_notes(
    facts: Mapping[str, Any], spec: Mapping[str, object], resources: Resources, memory_gb: float | None
) -> list[str]:
    """What a skill's ``hardware`` section has to say about a plan, as sentences.

    Parameters
    ----------
    facts
        ``min_gpus``, ``gpu_memory_gb``, and ``batch_size`` with its ``key`` and the largest value
        ``by_memory_gb``.
    memory_gb
        Memory of one GPU of the place where the plan runs, in GB; None when nobody said.
    """
    notes = []
    least = facts.get("min_gpus")
    if least is not None and resources.gpus < least:
        notes.append(f"the skill needs at least {least} GPU(s) and the plan asks for {resources.gpus}")
    wanted = facts.get("gpu_memory_gb")
    if memory_gb is None or wanted is None or memory_gb >= wanted:
        return notes
    note = f"the skill is meant for GPUs of {wanted:g} GB and these have {memory_gb:g} GB"
    rule = facts.get("batch_size", {})
    key = rule.get("key")
    batch = get_path(spec, key) if key else MISSING
    fitting = _largest_batch(rule.get("by_memory_gb", {}), memory_gb)
    if fitting is not None and isinstance(batch, int) and batch > fitting:
        note += f"; set {key} to {fitting} instead of {batch}"
    return [*notes, note]


def _largest_batch(limits: Mapping[float, int], memory_gb: float) -> int | None:
    """Return the batch of the largest step that the memory reaches; 1 below all of them."""
    steps = sorted(limits.items())
    return next((batch for gb, batch in reversed(steps) if memory_gb >= gb), 1) if steps else None


def node_env(facts: Mapping[str, Any], nodes: int) -> tuple[str, ...]:
    """Name what the orchestrator must set on several nodes; WORLD_SIZE is the number of nodes here."""
    if nodes < 2:
        return ()
    return tuple(sorted({*NODE_ENV, *facts.get("env", ())}))


def _for_action(key: str | None, action: Action) -> str | None:
    if key is None or not key.startswith("train."):
        return key
    return f"{action.name}.{key.removeprefix('train.')}"


def _has(key: str, schema: SpecSchema, template: Mapping[str, object]) -> bool:
    path = parse_path(key)
    return schema.find(path)[0] is not None or get_path(template, path) is not MISSING


def _count(spec: Mapping[str, object], key: str | None, default: int) -> int:
    value = get_path(spec, key) if key else MISSING
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default
