"""The request: what somebody asked for, before any skill has been read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import ValidationInfo, field_validator

from skillbank.bank.documents import parse_said
from skillbank.errors import SkillFormatError, UsageError, sentence_of
from skillbank.nearby import refuse_credentials
from skillbank.plan.model import TOKENS, Frozen, Question
from skillbank.plan.paths import parse_path
from skillbank.plan.set_places import as_place, is_set, set_place
from skillbank.visible import one_line
from skillbank.ways import Told, option

ROLES = {
    "train": "train_datasets",
    "eval": "eval_dataset",
    "val": "eval_dataset",
    "validation": "eval_dataset",
    "evaluate": "eval_dataset",
    "test": "eval_dataset",
    "inference": "inference_dataset",
    "infer": "inference_dataset",
    "calibration": "calibration_dataset",
}
"""Short names of the dataset sources that skills speak of."""
_ROLE = re.compile(r"[A-Za-z_]\w*")
_IMAGE = re.compile(r"[\w/.][\w.:/@#+~-]*", re.ASCII)
"""What names of images are made of, also those of files that a cluster keeps them as."""


class DataLocation(Frozen):
    """Where one dataset lies. ``source`` is a skill's word: train_datasets, eval_dataset, ...

    ``form`` is the format that it is to be read as, where a person has said it.
    """

    source: str
    uri: str
    form: str = ""

    @field_validator("uri")
    @classmethod
    def _of_this_world(cls, value: str) -> str:
        return _without_token(value)


class Setting(Frozen):
    """One value that the user set, by dotted key or shorthand."""

    key: str
    value: object


class Request(Frozen):
    """One action of one skill, as asked.

    Everything is optional but the skill and the action; what is missing and needed becomes a
    question of the plan, never a guess.
    """

    skill: str
    action: str
    variant: str | None = None
    data: tuple[DataLocation, ...] = ()
    settings: tuple[Setting, ...] = ()
    parent: str | None = None
    pretrained: str | None = None
    automl: Literal["auto", "on", "off"] | None = None
    automl_source: str = "default"
    platform: str | None = None
    gpus: int | None = None
    nodes: int | None = None
    gpu_memory_gb: float | None = None
    on_broken: Literal["refuse", "skip"] | None = None
    format: str | None = None
    """How all of its data is read, until each place has it; see `skillbank.plan.data_formats`."""
    results_root: str | None = None
    image: str | None = None
    image_source: str = "--image"
    text: str = ""
    unwanted: tuple[str, ...] = ()
    """Sources of data that it is said to do without, though the data that is named may hold them."""
    left_out: tuple[str, ...] = ()
    """Words of the text that were not understood, and that somebody has said count for nothing."""
    settled: bool = False
    """Whether places are taken as they stand: a plan that was read back names each part already."""
    questions: tuple[Question, ...] = ()
    """What reading the request left open; the plan asks it."""
    notes: tuple[Told, ...] = ()
    """What was decided about the skill's name; the plan says it."""

    @field_validator("automl", mode="before")
    @classmethod
    def _policy_word(cls, value: object) -> object:
        return None if value is None else policy_word(value)

    @field_validator("variant", "parent", "pretrained", "platform", "results_root", "image")
    @classmethod
    def _not_empty(cls, value: str | None, info: ValidationInfo) -> str | None:
        # An empty text, as an unset variable of a shell leaves it, was said and says nothing.
        if value is not None and not value.strip():
            name = (info.field_name or "").replace("_", "-")
            raise UsageError(f"{option(name)} is empty; give it a value or leave it out.")
        return value

    @field_validator("image")
    @classmethod
    def _an_image(cls, value: str | None) -> str | None:
        if value is not None and not _IMAGE.fullmatch(value):
            raise UsageError(
                f"{option('image', one_line(value, 120))} is no name of an image, which is of the form "
                "registry/name:tag; leave it out for the skill's own."
            )
        return value

    @field_validator("pretrained")
    @classmethod
    def _of_this_world(cls, value: str | None) -> str | None:
        return None if value is None else _without_token(value)


def _without_token(place: str) -> str:
    """Return a place that somebody named; one that only a launch could make of a token is none.

    Raises
    ------
    UsageError
        It holds a token.
    """
    token = next((token for token in TOKENS if token in place), None)
    if token is not None:
        raise UsageError(
            f"'{one_line(place)}' holds {token}, which only a plan can say; name the place itself."
        )
    return place


def policy_word(value: object) -> str:
    """Return auto, on or off for any spelling of an explicit policy value.

    YAML reads ``off`` as false, so booleans are words here.
    """
    word = str(value).strip().lower()
    known = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
    word = known.get(word, word)
    if word not in ("auto", "on", "off"):
        raise UsageError(f"automl_policy '{value}' must be one of auto, on, off, true, false.")
    return word


def role_of(source: str) -> str:
    """Return the short name of a dataset source; a source of the skill's own is its own."""
    return next((role for role, named in ROLES.items() if named == source), source)


def parse_data(entries: Iterable[str]) -> tuple[DataLocation, ...]:
    """Read ``ROLE=URI`` entries of the command line.

    A role is one of `ROLES` or a source name of the skill's table (``train_datasets``).
    """
    found = []
    for entry in entries:
        role, equals, uri = entry.partition("=")
        role = role.strip()
        if not equals or not uri.strip() or not _ROLE.fullmatch(role):
            raise UsageError(
                f"{option('data')} '{entry}' must be ROLE=URI, for example train=s3://bucket/train "
                f"(roles: {', '.join(dict.fromkeys(ROLES))})."
            )
        found.append(DataLocation(source=source_of(role), uri=clean_uri(uri)))
    return tuple(found)


def source_of(role: str) -> str:
    """Return the source that a role names: one of `ROLES`, or a source of a skill's own by its name."""
    if not _ROLE.fullmatch(role.strip()):
        raise UsageError(f"'{one_line(role)}' is no role of data (roles: {', '.join(dict.fromkeys(ROLES))}).")
    return ROLES.get(role.strip().lower(), role.strip())


def clean_uri(uri: str) -> str:
    """Drop blanks and the trailing slash of a location, so that equal places are equal text."""
    uri = uri.strip()
    refuse_credentials(uri)
    if is_set(uri) and set_place(uri) is None:
        raise UsageError(
            f"'{one_line(uri)}' names no label set: a name is 1 to 100 letters, digits, '.', '_' and '-'."
        )
    return as_place(uri.rstrip("/") if len(uri.rstrip("/")) > 0 and not uri.endswith("://") else uri)


def parse_settings(entries: Iterable[str]) -> tuple[Setting, ...]:
    """Read ``KEY=VALUE`` entries of the command line; see `setting_of`."""
    found = []
    for entry in entries:
        key, equals, text = entry.partition("=")
        if not equals:
            raise UsageError(
                f"{option('set')} '{one_line(entry)}' must be KEY=VALUE, for example train.num_epochs=20."
            )
        found.append(setting_of(key, text))
    return tuple(found)


def setting_of(key: str, text: str) -> Setting:
    """Return a setting whose value is YAML: ``[1, 2]``, ``{a: b}``, ``1e-4`` and JSON work."""
    try:
        parse_path(key.strip())
        value = parse_said(text, key) if text.strip() else ""
    except (ValueError, SkillFormatError) as error:
        said = one_line(f"{key}={text}")
        raise UsageError(
            f"{option('set')} '{said}' cannot be read: {one_line(sentence_of(error), 300)}"
        ) from None
    return Setting(key=key.strip(), value=value)
