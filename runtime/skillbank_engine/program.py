"""The command line of a family: ``rtdetr ACTION ...``.

Nothing heavy is imported until the arguments are understood.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from skillbank_engine.family import Family


class Main(Protocol):
    """The function that a program is."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run with some arguments, those of the process for None, and give the exit code."""
        ...


_SETTLED = ("evaluate", "inference")


def program(family: Family) -> Main:
    """Give the ``main`` of a family's program.

    Parameters
    ----------
    family : Family
        Whose.

    Returns
    -------
    callable
        Takes arguments (those of the process for None) and gives the exit code: 0 done, 1 failed, 2 wrong
        usage.
    """
    return partial(_main, family)


def _main(family: Family, argv: Sequence[str] | None = None) -> int:
    arguments = _parser(family).parse_args(argv)
    tool = family.tools.get(arguments.action)
    if arguments.action != "schemas" if tool is None else tool.torch:
        from skillbank_engine.importing import load_libraries  # help and wrong usage need nothing of it

        load_libraries()
    from skillbank_engine import running  # which reads specs, while those are loaded

    if arguments.action in family.actions:
        return running.run_action(family, arguments.action, arguments.experiment_spec, arguments.overrides)
    return running.run_tool(family, arguments)


def _parser(family: Family) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=family.name, description=family.about)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in family.actions.items():
        action = actions.add_parser(name, help=text)
        action.add_argument(
            "-e", "--experiment_spec", "--experiment-spec", required=True, metavar="SPEC.yaml"
        )
        action.add_argument(
            "overrides", nargs="*", metavar="KEY=VALUE", help="values that win over the spec's"
        )
    for name, tool in family.tools.items():
        tool.arguments(actions.add_parser(name, help=tool.help))
    settle = actions.add_parser("settle", help="print the values that a spec would get here, as JSON")
    trained = [name for name in family.actions if name in ("train", "distill")]
    settled = [*trained, *(name for name in _SETTLED if name in family.actions)]
    settle.add_argument("task", choices=settled, metavar="ACTION")
    settle.add_argument("-e", "--experiment_spec", required=True, metavar="SPEC.yaml")
    schemas = actions.add_parser("schemas", help="print the JSON Schemas and defaults of all specs")
    schemas.add_argument("actions", nargs="*", metavar="ACTION")
    return parser
