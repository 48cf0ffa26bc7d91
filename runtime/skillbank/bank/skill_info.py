"""references/skill_info.yaml and its deploy overlays, made uniform.

Everything optional has a value here, so that no reader further on asks "is it there?". What
cannot be understood becomes a finding and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skillbank.bank.diagnostics import Diagnostic

MODES = ("config", "args", "passthrough")
FORMATS = ("yaml", "json", "toml")


@dataclass(frozen=True, slots=True)
class InputDecl:
    """One declared input of an action; ``type`` as written: file, folder, list, path, local_glob."""

    key: str
    type: str
    optional: bool
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DataSource:
    """One leaf of ``data_sources``: where, below a dataset's location, a key's data lies.

    ``key`` may hold ``[0]``, meaning "for each source". ``by_format`` maps a data format to a
    path (``*`` is any other); it is empty for a plain ``path``.
    """

    key: str
    source: str
    path: str = ""
    by_format: Mapping[str, str] = field(default_factory=dict)
    runtime: str | None = None
    is_list: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one variant, as declared."""

    name: str
    variant: str | None
    command: str
    mode: str
    config_format: str
    inputs: tuple[InputDecl, ...]
    outputs: tuple[str, ...]
    upload_excludes: tuple[str, ...]
    image: str | None
    args: Mapping[str, Any]
    defaults: Mapping[str, Any]
    one_of: tuple[tuple[str, ...], ...]
    metric: str | None
    metric_direction: str | None
    template: str | None
    data_sources: tuple[DataSource, ...]
    spec_params: Mapping[str, Any]
    shorthands: Mapping[str, str]
    key_defaults: Mapping[str, Any]
    origin: str
    """The file that declares it, relative to the skill."""


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
    facts: Mapping[str, Any]
    """Sections that later rooms read as data: hardware, unsupported, error_patterns, ..."""


FACT_SECTIONS = ("hardware", "multi_node", "unsupported", "error_patterns", "platforms", "schema_source")


def parse_skill_info(raw: Any, origin: str, variant: str | None) -> tuple[SkillInfo, list[Diagnostic]]:
    """Make one document uniform.

    An overlay whose ``spec_templates`` has another level (a task axis such as classify/segment)
    declares each action once per task; the variant is then ``deploy-classify`` and so on.
    """
    found: list[Diagnostic] = []

    def warn(code: str, message: str) -> None:
        found.append(Diagnostic("warning", f"skill-info-{code}", message, origin))

    if not isinstance(raw, Mapping):
        found.append(Diagnostic("error", "skill-info-yaml", "the document is not a mapping.", origin))
        raw = {}
    templates = _mapping(raw.get("spec_templates"))
    axes: dict[str | None, Mapping[str, Any]] = {variant: templates}
    if templates and all(isinstance(t, Mapping) for t in templates.values()):
        axes = {f"{variant}-{axis}" if variant else str(axis): _mapping(t) for axis, t in templates.items()}
    metric = raw.get("metric")
    metric_map = _mapping(metric)
    actions: list[Action] = []
    declared = raw.get("actions")
    if declared is not None and not isinstance(declared, Mapping):
        warn("actions", "'actions' is not a mapping of action names.")
    for name, action in _mapping(declared).items():
        if not isinstance(action, Mapping) or not isinstance(action.get("command"), str):
            warn("command", f"action '{name}' has no command, so it can be described and not run.")
            continue
        for axis, paths in axes.items():
            actions.append(_action(str(name), axis, action, raw, paths, origin, warn))
    info = SkillInfo(
        variant=variant,
        type=str(raw.get("type") or "model"),
        network_arch=str(raw.get("network_arch") or ""),
        aliases=tuple(str(a) for a in _sequence(raw.get("aliases"))),
        automl_enabled=raw.get("automl_enabled") is True,
        image=_text(raw.get("container_image")),
        image_by_action=_backend_images(raw),
        data_format=str(raw.get("data_format") or "default"),
        gpu_spec_key=_text(raw.get("gpu_spec_key")),
        node_spec_key=_text(raw.get("node_spec_key")),
        actions=tuple(actions),
        metric=_text(metric_map.get("name") if metric_map else metric),
        metric_direction=_text(metric_map.get("direction") if metric_map else raw.get("metric_direction")),
        required_credentials=tuple(_credentials(raw.get("required_credentials"))),
        facts={k: raw[k] for k in FACT_SECTIONS if k in raw},
    )
    return info, found


def _action(
    name: str, variant: str | None, raw: Mapping[str, Any], doc: Mapping[str, Any],
    templates: Mapping[str, Any], origin: str, warn: Any,
) -> Action:  # fmt: skip
    mode = str(raw.get("mode") or "config")
    if mode not in MODES:
        warn("mode", f"action '{name}' has mode '{mode}'; known are {', '.join(MODES)}.")
        mode = "config"
    config_format = str(raw.get("config_format") or "yaml").lower()
    if config_format not in FORMATS:
        warn(
            "format", f"action '{name}' has config_format '{config_format}'; known are {', '.join(FORMATS)}."
        )
        config_format = "yaml"
    sources = _mapping(_mapping(doc.get("data_sources")).get(name))
    metric = raw.get("metric")
    return Action(
        name=name,
        variant=variant,
        command=raw["command"],
        mode=mode,
        config_format=config_format,
        inputs=tuple(_inputs(raw.get("inputs"))),
        outputs=tuple(str(o) for o in _sequence(raw.get("outputs")) or _mapping(raw.get("outputs"))),
        upload_excludes=tuple(str(e) for e in _sequence(raw.get("upload_excludes"))),
        image=_text(raw.get("container_image")),
        args=_mapping(raw.get("args")),
        defaults=_mapping(raw.get("defaults")),
        one_of=tuple(tuple(map(str, g)) for g in _sequence(raw.get("one_of")) if isinstance(g, list)),
        metric=_text(_mapping(metric).get("name") if isinstance(metric, Mapping) else metric),
        metric_direction=_text(raw.get("metric_direction")),
        template=_text(templates.get(name)),
        data_sources=tuple(s for k, v in sources.items() for s in _data_sources(str(k), v, warn)),
        spec_params=_mapping(_mapping(doc.get("spec_params")).get(name)),
        shorthands={str(k): str(v) for k, v in _mapping(doc.get("spec_shorthand_keys")).items()},
        key_defaults=_mapping(doc.get("key_defaults")),
        origin=origin,
    )


def _inputs(raw: Any) -> list[InputDecl]:
    declared = _mapping(raw) or {str(k): {} for k in _sequence(raw)}
    return [
        InputDecl(str(key), str(_mapping(d).get("type") or (d if isinstance(d, str) else "file")),
                  _mapping(d).get("optional") is True, _mapping(d))
        for key, d in declared.items()
    ]  # fmt: skip


def _data_sources(key: str, raw: Any, warn: Any) -> list[DataSource]:
    if isinstance(raw, str):
        raw = {"path": raw}
    if not isinstance(raw, Mapping) or not isinstance(raw.get("source"), str):
        warn("data-source", f"data source '{key}' names no source dataset.")
        return []
    common: dict[str, Any] = {"source": raw["source"], "runtime": _text(raw.get("runtime"))}
    optional = raw.get("optional") is True
    mapping = raw.get("mapping")
    if isinstance(mapping, Mapping):
        base = key if raw.get("multiple_sources") is False else f"{key.removesuffix('[0]')}[0]"
        return [
            DataSource(f"{base}.{sub}", path=str(_mapping(d)["path"]),
                       optional=optional or _mapping(d).get("optional") is True, **common)
            for sub, d in mapping.items() if _mapping(d).get("path") is not None
        ]  # fmt: skip
    by_format: dict[str, str] = {}
    for name, path in _mapping(raw.get("path_from_format")).items():
        # Several candidates for one format: the first is bound, launch looks for the others too.
        first = path[0] if isinstance(path, list) and path else path
        by_format[str(name)] = str(first)
    return [
        DataSource(key, path=str(raw.get("path") or ""), by_format=by_format, optional=optional,
                   is_list=raw.get("list") is True, **common)
    ]  # fmt: skip


def _backend_images(raw: Mapping[str, Any]) -> dict[str, str]:
    contracts = _mapping(raw.get("backend_contracts"))
    chosen = _mapping(_mapping(raw.get("backend_selection")).get("defaults"))
    images = {str(a): _text(_mapping(contracts.get(b)).get("container_image")) for a, b in chosen.items()}
    return {action: image for action, image in images.items() if image}


def _credentials(raw: Any) -> list[str]:
    entries = [e.get("name") if isinstance(e, Mapping) else e for e in _sequence(raw)]
    return [str(e) for e in entries if e]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
