"""Commands whose modules are imported when they are taken: these import what they need at their top."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo

from skillbank.cli.once import OnceCommand, refuse_twice

if TYPE_CHECKING:
    from typer._click.core import Context  # typer gives it no public name

__all__ = ["Later", "LaterGroup"]


class Later(TyperCommand):
    """A command by its name, its module and what it is called there; its help is that function's docstring.

    Parameters
    ----------
    group
        The help of a group of commands, which is called ``app`` in its module.
    """

    def __init__(
        self, name: str, module: str, what: str = "", *, group: str | None = None, hidden: bool = False
    ) -> None:
        super().__init__(name, help=group, hidden=hidden, rich_markup_mode=None)
        self._module = f"skillbank.cli.{module}"
        self._what = "app" if group is not None else what or name
        self._real: TyperCommand | TyperGroup | None = None

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help; the module is read for it and not imported."""
        self.help = self.help or self._docstring()
        return super().get_short_help_str(limit)

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: object
    ) -> Context:
        """Let the command itself parse the arguments."""
        return self.real().make_context(info_name, args, parent, **extra)

    def real(self) -> TyperCommand | TyperGroup:
        """Return the command itself: import its module, and let typer make it of its signature, once."""
        if self._real is None:
            found = getattr(importlib.import_module(self._module), self._what)
            self._real = self._group(found) if isinstance(found, typer.Typer) else self._command(found)
        return self._real

    def _command(self, function: Callable[..., object]) -> TyperCommand:
        info = CommandInfo(self.name, cls=OnceCommand, callback=function, hidden=self.hidden)
        made = get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)
        assert isinstance(made, TyperCommand)
        return made

    def _group(self, app: typer.Typer) -> TyperGroup:
        refuse_twice(app)
        app.info.help, app.rich_markup_mode = self.help, None
        group = get_group(app)
        group.name = self.name
        return group

    def _docstring(self) -> str:
        spec = find_spec(self._module)
        assert spec is not None and spec.origin is not None
        body = ast.parse(Path(spec.origin).read_bytes()).body
        named = (each for each in body if isinstance(each, ast.FunctionDef) and each.name == self._what)
        return next((ast.get_docstring(each) or "" for each in named), "")


class LaterGroup(TyperGroup):
    """A group of such commands: a subclass names them."""

    later: ClassVar[Sequence[Later]] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {each.name or "": each for each in self.later}
