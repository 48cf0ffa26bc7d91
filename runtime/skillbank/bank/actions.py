"""What a skill declares about one action: the uniform form that everything further on reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skillbank.bank.keys import plain


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
    args: Mapping[str, object]
    defaults: Mapping[str, Any]
    one_of: tuple[tuple[str, ...], ...]
    metric: str | None
    metric_direction: str | None
    template: str | None
    data_sources: tuple[DataSource, ...]
    spec_params: Mapping[str, object]
    shorthands: Mapping[str, str]
    key_defaults: Mapping[str, object]
    elsewhere: tuple[str, ...]
    """Names of the other task axes: keys that go through them are not this action's."""
    origin: str
    """The file that declares it, relative to the skill."""

    def owns_key(self, key: str) -> bool:
        """Whether a key belongs to this action's task axis, or to none."""
        return not self.elsewhere or not set(plain(key).split(".")) & set(self.elsewhere)


def parted(name: str) -> tuple[str, str | None]:
    """Part the name of an action as lists write one that has a variant: ``ACTION:VARIANT``."""
    action, colon, variant = name.partition(":")
    return (action, variant) if colon else (name, None)
