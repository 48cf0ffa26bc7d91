"""references/skill_info.yaml and its deploy overlays, made uniform.

Everything optional has a value here, so that no reader further on asks "is it there?". What
cannot be understood becomes a finding and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from skillbank.bank.actions import Action, InputDecl
from skillbank.bank.arguments import with_args
from skillbank.bank.called import MAX_ACTIONS, aliases, declared, network_arch
from skillbank.bank.data_sources import data_sources
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.facts import read_facts
from skillbank.bank.shapes import Shapes
from skillbank.visible import named

MODES = ("config", "args", "passthrough")
FORMATS = ("yaml", "json", "toml")


@dataclass(frozen=True, slots=True)
class SkillInfo:
    """One skill_info document; the main file (``variant`` None) or an overlay."""

    variant: str | None
    type: str
    network_arch: str
    aliases: tuple[str, ...]
    automl_enabled: bool
    image: str | None
    image_by_action: Mapping[str, str]
    """For skills that choose an image through ``backend_selection``: the default for each action."""
    data_format: str
    gpu_spec_key: str | None
    node_spec_key: str | None
    actions: tuple[Action, ...]
    metric: str | None
    metric_direction: str | None
    required_credentials: tuple[str, ...]
    optional_credentials: tuple[str, ...]
    """Those of them that the skill needs in some cases only, as it says at their entry."""
    facts: Mapping[str, Any]
    """Sections that later rooms read as data: hardware, unsupported, error_patterns, ..."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a document says of all of its actions together."""

    spec_params: Mapping[str, object]
    data_sources: Mapping[str, object]
    shorthands: dict[str, str]
    key_defaults: dict[str, object]

    @classmethod
    def of(cls, raw: Mapping[str, object], read: Shapes) -> _Shared:
        keys = read.keyed(raw.get("spec_shorthand_keys"), "spec_shorthand_keys", of_values=True)
        return cls(
            spec_params=read.mapping(raw.get("spec_params"), "spec_params"),
            data_sources=read.mapping(raw.get("data_sources"), "data_sources"),
            shorthands={name: str(key) for name, key in keys.items()},
            key_defaults=read.keyed(raw.get("key_defaults"), "key_defaults"),
        )


def parse_skill_info(raw: object, origin: str, variant: str | None) -> tuple[SkillInfo, list[Diagnostic]]:
    """Make one document uniform.

    An overlay whose ``spec_templates`` has another level (a task axis such as classify/segment)
    declares each action once per task; the variant is then ``deploy-classify`` and so on.
    """
    found: list[Diagnostic] = []
    read = Shapes(found, origin)
    if not isinstance(raw, Mapping):
        found.append(Diagnostic("error", "skill-info-yaml", "the document is not a mapping.", origin))
        raw = {}
    shared = _Shared.of(raw, read)
    # Names stand in sentences of ours wherever an action is spoken of.
    variant = None if variant is None else named(variant)
    actions = tuple(_actions(raw, _axes(raw, variant, read), shared, read))
    metric, direction = _metric(raw, read, "")
    credentials = list(_credentials(raw.get("required_credentials"), read))
    info = SkillInfo(
        variant=variant,
        type=read.text(raw.get("type"), "type") or "model",
        network_arch=network_arch(raw, read),
        aliases=aliases(raw, read),
        automl_enabled=read.flag(raw.get("automl_enabled"), "automl_enabled"),
        image=read.text(raw.get("container_image"), "container_image"),
        image_by_action=_backend_images(raw, read),
        data_format=read.text(raw.get("data_format"), "data_format") or "default",
        gpu_spec_key=read.key(raw.get("gpu_spec_key"), "gpu_spec_key"),
        node_spec_key=read.key(raw.get("node_spec_key"), "node_spec_key"),
        actions=actions,
        metric=metric,
        metric_direction=direction,
        required_credentials=tuple(name for name, _ in credentials),
        optional_credentials=tuple(name for name, _ in credentials if (name, True) not in credentials),
        facts=read_facts(raw, read),
    )
    return info, found


@dataclass(frozen=True, slots=True)
class _Axis:
    """One task of a document: its variant, the templates of its actions, and the tasks beside it."""

    variant: str | None
    templates: Mapping[str, object]
    others: tuple[str, ...] = ()


def _axes(raw: Mapping[str, object], variant: str | None, read: Shapes) -> list[_Axis]:
    """Return the tasks that ``spec_templates`` divides a document into, or the one that it is."""
    templates = read.mapping(raw.get("spec_templates"), "spec_templates")
    if len(templates) > MAX_ACTIONS:
        read.warn(
            "shape", f"spec_templates has {len(templates)} entries, and {MAX_ACTIONS} of them are read."
        )
        templates = dict(islice(templates.items(), MAX_ACTIONS))
    own_ones = {axis: own for axis, own in templates.items() if isinstance(own, Mapping)}
    if not templates or len(own_ones) < len(templates):
        return [_Axis(variant, templates)]
    axes = {named(f"{variant}-{axis}" if variant else axis): own for axis, own in own_ones.items()}
    return [
        _Axis(name, own, tuple(str(axis) for axis, t in templates.items() if t is not own))
        for name, own in axes.items()
    ]


def _actions(raw: Mapping[str, object], axes: list[_Axis], shared: _Shared, read: Shapes) -> Iterator[Action]:
    """Yield the actions that can be run, each once for each task; what is no such action is said."""
    for name, action in declared(raw, read, len(axes)):
        for axis in axes:
            yield _action(name, axis, action, shared, read.of(name))


def _action(name: str, axis: _Axis, raw: Mapping[str, Any], doc: _Shared, read: Shapes) -> Action:
    metric, direction = _metric(raw, read, f"{name}: ")
    outputs = raw.get("outputs")
    listed = outputs if isinstance(outputs, list) else list(read.mapping(outputs, f"{name}: outputs"))
    action = Action(
        name=name,
        variant=axis.variant,
        command=raw["command"],
        mode=_one_of(raw, "mode", MODES, "config", name, read),
        config_format=_one_of(raw, "config_format", FORMATS, "yaml", name, read),
        inputs=tuple(_inputs(raw.get("inputs"), f"{name}: inputs", read)),
        outputs=tuple(read.texts(listed, f"{name}: outputs")),
        upload_excludes=tuple(read.texts(raw.get("upload_excludes"), f"{name}: upload_excludes")),
        image=read.text(raw.get("container_image"), f"{name}: container_image"),
        args=read.keyed(raw.get("args"), f"{name}: args"),
        defaults=read.mapping(raw.get("defaults"), f"{name}: defaults"),
        one_of=tuple(_groups(raw.get("one_of"), name, read)),
        metric=metric,
        metric_direction=direction,
        template=read.text(axis.templates.get(name), f"spec_templates.{name}"),
        data_sources=tuple(data_sources(doc.data_sources.get(name), name, read)),
        spec_params=_functions(doc.spec_params.get(name), f"spec_params.{name}", read),
        shorthands=doc.shorthands,
        key_defaults=doc.key_defaults,
        elsewhere=axis.others,
        origin=read.origin,
    )
    if axis.others:
        action = replace(
            action,
            inputs=tuple(i for i in action.inputs if action.owns_key(i.key)),
            data_sources=tuple(s for s in action.data_sources if action.owns_key(s.key)),
        )
    return with_args(action) if action.mode == "args" else action


def _one_of(
    raw: Mapping[str, object], word: str, known: tuple[str, ...], default: str, action: str, read: Shapes
) -> str:
    said = read.text(raw.get(word), f"{action}: {word}") or default
    if said.lower() in known:
        return said.lower()
    read.warn(word, f"action '{action}' has {word} '{named(said, 40)}'; known are {', '.join(known)}.")
    return default


def _metric(raw: Mapping[str, object], read: Shapes, prefix: str) -> tuple[str | None, str | None]:
    said = raw.get("metric")
    inner: Mapping[str, object] = said if isinstance(said, Mapping) else {"name": said}
    return (
        read.text(inner.get("name"), f"{prefix}metric"),
        read.direction(inner.get("direction") or raw.get("metric_direction"), f"{prefix}metric_direction"),
    )


def _functions(raw: object, name: str, read: Shapes) -> dict[str, object]:
    """Return what fills each key: the name of a function, a value, or the link of a download."""
    good: dict[str, object] = {}
    for key, said in read.keyed(raw, name).items():
        if isinstance(said, Mapping):
            download = {
                word: read.text(said.get(word), f"{name}.{key}.{word}")
                for word in ("link", "destination_path")
            }
            good[key] = {word: text for word, text in download.items() if text is not None}
        elif (value := read.scalar(said, f"{name}.{key}")) is not None:
            good[key] = value
    return good


def _selective(raw: object, name: str, read: Shapes) -> dict[str, object] | None:
    said = read.mapping(raw, name)
    if not said:
        return None
    found = {
        "annotation": read.text(said.get("annotation"), f"{name}.annotation"),
        "format": read.text(said.get("format"), f"{name}.format"),
        "keys": read.texts(said.get("keys"), f"{name}.keys"),
    }
    return {word: value for word, value in found.items() if value is not None}


def _groups(raw: object, action: str, read: Shapes) -> Iterator[tuple[str, ...]]:
    for group in read.sequence(raw, f"{action}: one_of"):
        if isinstance(group, list):
            yield tuple(read.texts(group, f"{action}: a group of one_of"))
        else:
            read.warn("shape", f"{action}: one_of holds '{named(str(group), 40)}', not a list of inputs.")


def _inputs(raw: object, name: str, read: Shapes) -> Iterator[InputDecl]:
    listed = {str(k): {} for k in raw} if isinstance(raw, list) else raw
    for key, said in read.keyed(listed, name).items():
        words: dict[str, object] = {"type": said}
        if not isinstance(said, str):
            words = dict(read.mapping(said, f"{name}.{key}"))
        words["selective"] = _selective(words.get("selective"), f"{name}.{key}.selective", read)
        words["hub"] = read.flag(words.get("hub"), f"{name}.{key}.hub")
        kind = read.text(words.get("type"), f"{name}.{key}.type") or "file"
        yield InputDecl(key, kind, read.flag(words.get("optional"), f"{name}.{key}.optional"), words)


def _backend_images(raw: Mapping[str, object], read: Shapes) -> dict[str, str]:
    contracts = read.mapping(raw.get("backend_contracts"), "backend_contracts")
    selection = read.mapping(raw.get("backend_selection"), "backend_selection")
    images = {}
    for action, backend in read.mapping(selection.get("defaults"), "backend_selection.defaults").items():
        chosen = read.text(backend, f"backend_selection.defaults.{action}")
        contract = read.mapping(contracts.get(chosen or ""), f"backend_contracts.{chosen}")
        name = f"backend_contracts.{chosen}.container_image"
        images[str(action)] = read.text(contract.get("container_image"), name)
    return {action: image for action, image in images.items() if image}


def _credentials(raw: object, read: Shapes) -> Iterator[tuple[str, bool]]:
    """Yield the names of variables, and whether each is needed always."""
    for entry in read.sequence(raw, "required_credentials"):
        words = entry if isinstance(entry, Mapping) else {"name": entry}
        name = words.get("name")
        if isinstance(name, str) and name:
            sometimes = bool(words.get("only_when")) or words.get("optional") is True
            yield name, not (sometimes or words.get("required") is False)
        else:
            read.warn("shape", f"required_credentials holds '{named(entry, 40)}', which names no variable.")
