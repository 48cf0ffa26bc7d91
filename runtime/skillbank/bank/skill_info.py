"""references/skill_info.yaml and its deploy overlays, made uniform.

Everything optional has a value here, so that no reader further on asks "is it there?". What
cannot be understood becomes a finding and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skillbank.bank.actions import Action, DataSource, InputDecl
from skillbank.bank.arguments import with_args
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.keys import is_key

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
    facts: Mapping[str, Any]
    """Sections that later rooms read as data: hardware, unsupported, error_patterns, ..."""


FACT_SECTIONS = (
    "hardware",
    "multi_node",
    "unsupported",
    "error_patterns",
    "platforms",
    "schema_source",
    "settle",
    "weights",
)


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
            others = tuple(str(t) for t in templates if paths is not templates and templates[t] is not paths)
            actions.append(_action(str(name), axis, action, raw, paths, others, origin, warn))
    info = SkillInfo(
        variant=variant,
        type=str(raw.get("type") or "model"),
        network_arch=str(raw.get("network_arch") or ""),
        aliases=tuple(str(a) for a in _sequence(raw.get("aliases"))),
        automl_enabled=raw.get("automl_enabled") is True,
        image=_text(raw.get("container_image")),
        image_by_action=_backend_images(raw),
        data_format=str(raw.get("data_format") or "default"),
        gpu_spec_key=_key(raw.get("gpu_spec_key"), warn),
        node_spec_key=_key(raw.get("node_spec_key"), warn),
        actions=tuple(actions),
        metric=_text(metric_map.get("name") if metric_map else metric),
        metric_direction=_direction(metric_map.get("direction") or raw.get("metric_direction"), warn),
        required_credentials=tuple(_credentials(raw.get("required_credentials"))),
        facts={k: raw[k] for k in FACT_SECTIONS if k in raw},
    )
    return info, found


def _action(
    name: str, variant: str | None, raw: Mapping[str, Any], doc: Mapping[str, Any],
    templates: Mapping[str, Any], elsewhere: tuple[str, ...], origin: str, warn: Any,
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
    shorthands = {str(k): str(v) for k, v in _keyed(doc, "spec_shorthand_keys", warn, of_values=True).items()}
    action = Action(
        name=name,
        variant=variant,
        command=raw["command"],
        mode=mode,
        config_format=config_format,
        inputs=tuple(_inputs(raw.get("inputs"), warn)),
        outputs=tuple(str(o) for o in _sequence(raw.get("outputs")) or _mapping(raw.get("outputs"))),
        upload_excludes=tuple(str(e) for e in _sequence(raw.get("upload_excludes"))),
        image=_text(raw.get("container_image")),
        args=_keyed(raw, "args", warn),
        defaults=_mapping(raw.get("defaults")),
        one_of=tuple(tuple(map(str, g)) for g in _sequence(raw.get("one_of")) if isinstance(g, list)),
        metric=_text(_mapping(metric).get("name") if isinstance(metric, Mapping) else metric),
        metric_direction=_direction(_mapping(metric).get("direction") or raw.get("metric_direction"), warn),
        template=_text(templates.get(name)),
        data_sources=tuple(
            s for k, v in sources.items() for s in _data_sources(str(k), v, warn) if is_key(s.key)
        ),
        spec_params=_keyed(_mapping(doc.get("spec_params")), name, warn),
        shorthands=shorthands,
        key_defaults=_keyed(doc, "key_defaults", warn),
        elsewhere=elsewhere,
        origin=origin,
    )
    if elsewhere:
        action = replace(
            action,
            inputs=tuple(i for i in action.inputs if action.owns_key(i.key)),
            data_sources=tuple(s for s in action.data_sources if action.owns_key(s.key)),
        )
    return with_args(action) if mode == "args" else action


def _keyed(doc: Mapping[str, Any], section: str, warn: Any, of_values: bool = False) -> Mapping[str, Any]:
    """Return a section whose names (or values) are dotted keys; what is no key is left out and said."""
    good = {}
    for name, value in _mapping(doc.get(section)).items():
        if is_key(str(value) if of_values else str(name)):
            good[str(name)] = value
        else:
            warn("key", f"{section}: '{str(value if of_values else name)[:80]}' is not a dotted key.")
    return good


def _inputs(raw: Any, warn: Any) -> list[InputDecl]:
    declared = _keyed({"inputs": _mapping(raw) or {str(k): {} for k in _sequence(raw)}}, "inputs", warn)
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


def _key(value: Any, warn: Any) -> str | None:
    key = _text(value)
    if key is not None and not is_key(key):
        warn("key", f"'{key[:80]}' is not a dotted key.")
        return None
    return key


def _direction(value: Any, warn: Any) -> str | None:
    said = _text(value)
    known = {"max": "maximize", "maximize": "maximize", "min": "minimize", "minimize": "minimize"}
    if said is not None and said.lower() not in known:
        warn("metric", f"metric direction '{said[:40]}' must be maximize or minimize.")
    return known.get(said.lower()) if said else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
