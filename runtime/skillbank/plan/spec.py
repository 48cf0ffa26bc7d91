"""Building a spec in layers, remembering for every value where it came from."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from skillbank.bank.keys import is_key, is_name
from skillbank.bank.schema import SpecSchema
from skillbank.bank.values import check, coerce
from skillbank.errors import SpecError, did_you_mean
from skillbank.plan.model import Override, Source
from skillbank.plan.paths import MISSING, format_path, get_path, leaves, parse_path, set_path
from skillbank.plan.request import Setting
from skillbank.plan.slots import SLOTS, Fills
from skillbank.visible import named as shown
from skillbank.visible import one_line
from skillbank.ways import marked

UNSET: tuple[object, ...] = ("", None, "???")
Known = Callable[[], tuple[str, ...]]
"""Returns the keys that a refused one may have been meant to be; there are a hundred, and few are refused."""


class SpecBuilder:
    """A spec under construction: a template, then layers of changes.

    Later layers win over earlier ones; within a layer parents are set before children, so the
    order in which changes arrive never matters.
    """

    def __init__(self, template: Mapping[str, object], schema: SpecSchema) -> None:
        self._template = template
        self._schema = schema
        self.spec: dict[str, object] = {key: _copied(value) for key, value in template.items()}
        self._overrides: dict[str, Override] = {}

    def apply(self, layer: Iterable[Override]) -> None:
        """Apply one layer."""
        for change in sorted(layer, key=lambda o: (len(parse_path(o.key)), o.key)):
            value = change.value
            if isinstance(value, dict) and value:
                # A mapping is its leaves: siblings that it does not name keep what they have.
                for key, leaf in _entries(value, change.key):
                    self._set(change.model_copy(update={"key": key, "value": leaf}))
            else:
                self._set(change)

    def _set(self, change: Override) -> None:
        below = [k for k in self._overrides if k.startswith((f"{change.key}.", f"{change.key}["))]
        for key in below:
            del self._overrides[key]
        set_path(self.spec, change.key, copy.deepcopy(change.value))
        self._overrides[change.key] = change

    def fit_list(self, key: str, length: int) -> None:
        """Give the list at `key` this many entries, new ones shaped like the template's first."""
        current = get_path(self.spec, key)
        entries = current if isinstance(current, list) else []
        shape = copy.deepcopy(entries[0]) if entries and isinstance(entries[0], dict) else {}
        grown = [*entries[:length], *(copy.deepcopy(shape) for _ in range(length - len(entries)))]
        set_path(self.spec, key, grown)

    def get(self, key: str) -> Any:
        """Return the current value at a key, or MISSING."""
        return get_path(self.spec, key)

    def is_unset(self, key: str) -> bool:
        """Whether a key still waits for a value.

        It does when it is absent, empty or ``???``, and also when nothing but the template has
        filled it and what stands there is an example such as ``/data/images`` or ``<required>``.
        """
        value = self.get(key)
        return unset(value) or (is_example(value) and not self._is_touched(key))

    def _is_touched(self, key: str) -> bool:
        mine = parse_path(key)
        return any(
            theirs[: len(mine)] == mine or mine[: len(theirs)] == theirs
            for theirs in map(parse_path, self._overrides)
        )

    @property
    def set_by_user(self) -> tuple[str, ...]:
        """Keys whose value the user set, by key or shorthand."""
        return tuple(k for k, o in self._overrides.items() if o.source in (Source.USER, Source.SHORTHAND))

    @property
    def overrides(self) -> tuple[Override, ...]:
        """What differs from the template, by key; values that equal the template's are left out."""
        changed = (
            o for o in self._overrides.values()
            if o.source is Source.USER or o.source is Source.SHORTHAND
            or get_path(self._template, o.key) != o.value
        )  # fmt: skip
        return tuple(sorted(changed, key=lambda o: o.key))


def _copied(node: object) -> object:
    """Return a document of its own; `copy.deepcopy` takes ten times as long, of which each plan makes one."""
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node


def unset(value: object) -> bool:
    """Whether a value says nothing: absent, empty, ``???``, or a list of such."""
    if value is MISSING or (not isinstance(value, list | dict) and value in UNSET):
        return True
    return isinstance(value, list) and all(unset(v) for v in value)


def is_example(value: object) -> bool:
    """Whether a template's value only shows what belongs there: an absolute path or ``<required>``."""
    if isinstance(value, list):
        return bool(value) and all(is_example(v) for v in value)
    return isinstance(value, str) and re.fullmatch(r"/[^/\s].*|<[^<>]+>", value) is not None


def _entries(value: dict[str, object], key: str) -> Iterator[tuple[str, object]]:
    """Walk a mapping down to what is no mapping; names that no dotted key can hold stay inside theirs."""
    if not all(is_name(name) for name in value):
        yield key, value
        return
    for name, entry in value.items():
        if isinstance(entry, dict) and entry:
            yield from _entries(entry, f"{key}.{name}")
        else:
            yield f"{key}.{name}", entry


def user_changes(
    settings: Iterable[Setting],
    shorthands: Mapping[str, str],
    schema: SpecSchema,
    template: Mapping[str, object],
    unsupported: Sequence[Mapping[str, object]] = (),
) -> list[Override]:
    """Turn what the user set into checked changes.

    Shorthands become their keys, values take the schema's type, unknown keys and forbidden
    values are refused. Without a schema the template's keys are what is known.

    Raises
    ------
    SpecError
        One sentence for each setting that is wrong, naming the key and the way out.
    """
    changes: list[Override] = []
    seen: dict[str, object] = {}
    faults: dict[str, None] = {}
    says: list[str] = []
    known = cache(lambda: tuple(dict.fromkeys([*schema.keys, *_template_keys(template), *shorthands])))
    for setting in settings:
        try:
            change = _change(setting, shorthands, schema, template, unsupported, known)
        except SpecError as error:
            faults[error.sentence] = None
            says += error.skill_says
            continue
        for key, value in _leaves(change.key, change.value):
            before = seen.setdefault(key, value)
            if before != value:
                faults[f"{key} is set twice, to {before!r} and to {value!r}; keep one."] = None
        if change not in changes:
            changes.append(change)
    if faults:
        refused = SpecError(" ".join(map(marked, faults)))
        refused.skill_says = tuple(says)
        raise refused
    return changes


def _leaves(key: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield each value of a block of values, with its key; of anything else the one that it is."""
    if isinstance(value, Mapping) and value and all(is_name(name) for name in value):
        for name, entry in value.items():
            yield from _leaves(f"{key}.{name}", entry)
    else:
        yield key, value


def _change(
    setting: Setting, shorthands: Mapping[str, str], schema: SpecSchema, template: Mapping[str, object],
    unsupported: Sequence[Mapping[str, object]], known: Known,
) -> Override:  # fmt: skip
    key = shorthands.get(setting.key, setting.key)
    if not is_key(key):
        raise SpecError(f"'{key[:80]}' is not a dotted key such as train.optim.lr or sources[0].file.")
    source = Source.SHORTHAND if setting.key in shorthands else Source.USER
    detail = f"{setting.key}={setting.value}" if source is Source.SHORTHAND else "set by the user"
    # First, because its reason says more than the schema's list of what is allowed.
    _refuse_unsupported(key, setting.value, unsupported)
    value = _checked(key, setting.value, schema, template, known)
    return Override(key=key, value=value, source=source, detail=detail)


def _refuse_unsupported(key: str, value: object, unsupported: Iterable[Mapping[str, object]]) -> None:
    """A value that the schema allows and the skill's own facts rule out, at the key or below it."""
    for fact in unsupported:
        name = str(fact.get("key"))
        below = name.removeprefix(f"{key}.")
        said = (
            value if name == key else get_path(value, below) if below != name and is_key(below) else MISSING
        )
        if said is not MISSING and str(fact.get("value")).lower() == str(said).lower():
            refused = SpecError(
                f"{shown(name)} cannot be {shown(fact.get('value'))}: the skill rules it out."
            )
            refused.skill_says = (str(fact.get("reason") or ""),)
            raise refused


def _checked(
    key: str, value: object, schema: SpecSchema, template: Mapping[str, object], known: Known
) -> object:
    path = parse_path(key)
    node, free = schema.find(path)
    if not schema.keys:
        if template and get_path(template, path) is MISSING and not _open_in(template, path):
            raise _unknown(key, value, known)
        return value
    if node is None and not free and get_path(template, path) is MISSING:
        raise _unknown(key, value, known)
    value = coerce(value, node)
    check(key, value, node, known)
    return value


def _unknown(key: str, value: object, known: Known) -> SpecError:
    """Return the refusal of a key; the name of another thing that can be said is no slip of a pen."""
    name = key.lower().replace("-", "_")
    slot = next((slot for slot in SLOTS if slot.name == name and slot.fills is not Fills.SETTING), None)
    if slot is None:
        return SpecError(f"{key} is not a key of this spec{did_you_mean(key, known())}.")
    said = "..." if unset(value) else shlex.quote(one_line(value, 100))
    return SpecError(f"{key} is not a key of this spec; give {slot.way(said)} instead.")


def _open_in(template: Mapping[str, object], path: tuple[str | int, ...]) -> bool:
    """A template alone cannot list what it leaves out: keys in an existing section are let through."""
    return len(path) > 1 and isinstance(get_path(template, path[:-1]), dict)


def _template_keys(template: Mapping[str, object]) -> list[str]:
    return [format_path(path) for path, _ in leaves(template) if path]
