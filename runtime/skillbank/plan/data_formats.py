"""The formats of data sets that a person can name: how a place is read that two of them claim.

A format belongs to a place. An option says it of all places of a request, words of the place that they stand
beside; the plan keeps it with every input that is a file of the place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError, UsageError
from skillbank.plan.model import InputBinding
from skillbank.plan.request import Request, Setting, role_of
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, option

__all__ = ["NAME", "given_to_places", "left_to_program", "refuse_unheard"]

NAME = "format"
"""The slot, and the shorthand under which a skill names a key of its own for it."""


def given_to_places(request: Request) -> tuple[Request, tuple[str, ...]]:
    """Return a request whose option for a format stands at its places, and what of the words does not count.

    Raises
    ------
    UsageError
        When it names no data that could be read so.
    """
    form = request.format
    if form is None:
        return request, ()
    if not request.data:
        raise UsageError(
            f"{option('format', form)} says how data is read, and {request.action} of "
            f"{one_line(request.skill, 60)} "
            f"is given none; name it with {option('data', 'ROLE=URI')}, or leave {option('format')} out."
        )
    notes = tuple(
        Sentence(
            f"{option('format', form)} counts, not the {each.form} of the words for {one_line(each.uri)}"
        )
        for each in request.data
        if each.form not in ("", form)
    )
    data = tuple(each.model_copy(update={"form": form}) for each in request.data)
    return request.model_copy(update={"data": data, NAME: None}), notes


def left_to_program(skill: Skill, action: Action, request: Request) -> Request:
    """Return a request whose word on the format is a setting, where the skill's program has a key for it."""
    key = skill.shorthands(action).get(NAME)
    said = list(dict.fromkeys(each.form for each in request.data if each.form))
    if key is None or not said:
        return request
    others = [each.value for each in request.settings if each.key in (NAME, key)]
    values = list(dict.fromkeys([*others, *said]))
    if len(values) > 1:
        raise ConflictError(f"{key} is to be {' and '.join(map(str, values))}; keep one.")
    data = tuple(each.model_copy(update={"form": ""}) for each in request.data)
    added = () if others else (Setting(key=key, value=said[0]),)
    return request.model_copy(update={"data": data, "settings": (*request.settings, *added)})


def refuse_unheard(request: Request, inputs: Iterable[InputBinding], asked: Collection[str]) -> None:
    """Raise `UsageError` where a format was said of data that is handed to the program as it is.

    Parameters
    ----------
    asked
        Keys of the plan's questions: what it asks about has no format yet.
    """
    heard = {each.source for each in inputs if each.form}
    for each in request.data:
        role = role_of(each.source)
        if each.form and each.source not in heard and f"data.{role}" not in asked:
            raise UsageError(
                f"{one_line(each.uri)} ({role}) is said to be read as {each.form}, and {request.action} of "
                f"{one_line(request.skill, 60)} reads it as it is; leave the format out, or convert the data "
                f"first with {command('data convert')}."
            )
