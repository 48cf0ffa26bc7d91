"""The options that say a request, made from the table of slots, for `plan` and `run`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.lazy_imports import lazy_imports
from skillbank.plan.slots import ANSWERS, SLOTS, Kind, Slot, slot

with lazy_imports():
    from skillbank.facade import composition
    from skillbank.plan import request

if TYPE_CHECKING:
    from skillbank.plan.request import Request
    from skillbank.runtime import Runtime

__all__ = ["Asked", "says_a_request", "slot_option"]

_SLOTS = (*SLOTS, *ANSWERS)
_TYPES: Mapping[Kind, object] = {
    Kind.COUNT: int | None,
    Kind.NUMBER: float | None,
    Kind.TEXTS: list[str] | None,
}
"""What the command line reads; all else is text."""


@dataclass(frozen=True)
class Asked:
    """A request as the command line says it; what was not said is None or empty."""

    text: str | None
    skill: str | None
    actions: list[str]
    data: list[str]
    settings: list[str]
    slots: Mapping[str, Any]

    @property
    def named(self) -> list[str]:
        """What was said, as it is written on the command line."""
        said = {"TEXT": self.text, "--skill": self.skill, "--action": self.actions, "--data": self.data,
                "--set": self.settings}  # fmt: skip
        said |= {slot(name).option: value for name, value in self.slots.items()}
        return [name for name, value in said.items() if value not in (None, [])]

    def leaving_out(self, words: list[str]) -> Asked:
        """Return the same with further words that count for nothing."""
        name = "leave_out"
        return replace(self, slots={**self.slots, name: [*(self.slots[name] or ()), *words]})

    def requests(self, runtime: Runtime, *, elsewhere: bool = False) -> tuple[list[Request], list[str]]:
        """Merge plain words and options into requests; see `skillbank.facade.composition.compose`."""
        data, settings = request.parse_data(self.data), request.parse_settings(self.settings)
        return composition.compose(
            runtime,
            self.text,
            self.skill,
            self.actions,
            data=data,
            settings=settings,
            elsewhere=elsewhere,
            **self.slots,
        )


def slot_option(name: str) -> object:
    """Return the option of a slot, for a command that has it without having a whole request."""
    return _option(slot(name))


def says_a_request(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say a request before its own; it is called with an `Asked`."""

    @functools.wraps(command)
    def called(**given: Any) -> None:
        slots = {each.name: given.pop(each.name) for each in _SLOTS}
        text, skill = given.pop("text"), given.pop("skill")
        actions, data, settings = (given.pop(name) or [] for name in ("action", "data", "settings"))
        command(Asked(text, skill, actions, data, settings, slots), **given)

    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    parameters = [*_WORDS, *map(_parameter, _SLOTS), *own]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in parameters}
    return called


def _parameter(each: Slot) -> inspect.Parameter:
    return _keyword(each.name, _TYPES.get(each.kind, str | None), _option(each))


def _option(each: Slot) -> object:
    listed = each.help
    if each.choices and (each.open or each.metavar):
        listed = f"{each.help.removesuffix('.')}: {', '.join(each.choices)}."
    choices = "|".join(each.choices) if not each.open else ""
    return typer.Option(each.option, metavar=each.metavar or choices or None, help=listed)


def _keyword(name: str, kind: object, option: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[kind, option]
    )


_WORDS = (
    _keyword("text", str | None, typer.Argument(metavar="[TEXT]", help="What you want, in plain words.")),
    _keyword("skill", str | None, typer.Option("--skill", help="The skill, instead of plain words.")),
    _keyword("action", list[str] | None, typer.Option(
        "--action", help="The action; repeat it for a chain (train, evaluate).")),
    _keyword("data", list[str] | None, typer.Option(
        "--data", metavar="ROLE=URI", help="Where data lies: train=..., eval=..., inference=...")),
    _keyword("settings", list[str] | None, typer.Option(
        "--set", metavar="KEY=VALUE", help="A spec value, dotted or a shorthand (num_epochs=20).")),
)  # fmt: skip
"""What says a request and is no slot."""
