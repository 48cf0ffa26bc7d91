"""``skillbank`` and ``python -m skillbank``."""

import sys
from collections.abc import Sequence
from contextlib import suppress

from skillbank.garbage import collect_seldom, taking_nothing_apart
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank import cli, errors
    from skillbank.labelling import process

__all__ = ["main"]

_ASK_THE_ENGINE = ("label", "label-program")
"""Commands that ask the engine, which takes longer to import torch than they take for all they do before."""
_ASKING_NOTHING = frozenset({"--help", "-h", "--detach"})
"""Words with which they do not: a job that is left alone has an engine of its own."""


def main() -> None:
    """Run the command line."""
    collect_seldom()
    with taking_nothing_apart():
        try:
            _begin(sys.argv[1:])
            run = cli.main  # which imports the commands
        except KeyboardInterrupt:
            sys.exit(130)
        run()


def _begin(words: Sequence[str]) -> None:
    """Start the engine for a command that will ask it; where that fails, who takes it is told."""
    if words and words[0] in _ASK_THE_ENGINE and _ASKING_NOTHING.isdisjoint(words):
        with suppress(errors.SkillbankError, OSError):
            process.begin()


if __name__ == "__main__":
    main()
