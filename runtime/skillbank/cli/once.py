"""Options that are given twice: all but the last would be lost, so that a command refuses them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperOption

if TYPE_CHECKING:
    from typer._click.core import Context, Parameter  # typer gives them no public names

__all__ = ["OnceCommand", "refuse_twice"]


class OnceCommand(TyperCommand):
    """A command that takes an option with one value once."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Parse the arguments; the first parse finds the order in which they were given."""
        if args and not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            counts = Counter(each.opts[0] for each in order if _holds_one_value(each))
            if twice := [name for name, count in counts.items() if count > 1]:
                ctx.fail(f"{', '.join(twice)} is given more than once, and has one value")
        return super().parse_args(ctx, args)


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
