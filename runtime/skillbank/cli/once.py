"""What every command refuses: options given twice, of which one would be lost, and addresses as paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperOption

from skillbank.nearby import refuse_address

if TYPE_CHECKING:
    from typer._click.core import Context, Parameter  # typer gives them no public names

__all__ = ["OnceCommand", "refuse_twice"]


class OnceCommand(TyperCommand):
    """A command that takes an option with one value once, and no address where it takes a path."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse the arguments; the first parse finds the order in which they were given."""
        if args and not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            counts = Counter(each.opts[0] for each in order if _holds_one_value(each))
            if twice := [name for name, count in counts.items() if count > 1]:
                ctx.fail(f"{', '.join(twice)} is given more than once, and has one value")
        said = [arg.partition("=")[2] if arg.startswith("--") and "=" in arg else arg for arg in args]
        rest = super().parse_args(ctx, args)
        for each in self.params:
            _refuse_addresses(each, ctx.params.get(each.name or ""), said)
        return rest


def _refuse_addresses(parameter: Parameter, given: object, said: Sequence[str]) -> None:
    """Refuse them as they were said: a path has lost a slash, and the dot of ``./s3:/x``."""
    name = max(parameter.opts, key=len)
    for value in given if isinstance(given, list | tuple) else (given,):
        if isinstance(value, Path):
            text = next((each for each in said if Path(each) == value), value)
            refuse_address(text, name if name.startswith("-") else name.upper())


def _holds_one_value(parameter: Parameter) -> bool:
    if not isinstance(parameter, TyperOption):
        return False
    return not (parameter.multiple or parameter.is_flag or parameter.count)


def refuse_twice(app: typer.Typer) -> None:
    """Let all commands of an application refuse an option that is given twice."""
    for command in app.registered_commands:
        command.cls = OnceCommand
    for group in app.registered_groups:
        if group.typer_instance is not None:
            refuse_twice(group.typer_instance)
