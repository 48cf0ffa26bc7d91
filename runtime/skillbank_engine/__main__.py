"""``python -m skillbank_engine PROGRAM ACTION ...``: a family's program without its script."""

import sys
from collections.abc import Sequence
from importlib import import_module

from skillbank_engine.ending import ended
from skillbank_engine.families import PROGRAMS, programs


def main(argv: Sequence[str]) -> int:
    """Run the program that the first word names, with the others.

    Returns
    -------
    int
        Its exit code; 2 where there is no such program.
    """
    name = argv[0] if argv else ""
    known = PROGRAMS if name in PROGRAMS else programs()
    if name not in known:
        print(f"ERROR: unknown program '{name}': choose from {', '.join(known)}", file=sys.stderr)
        return 2
    code: int = import_module(known[name]).main(argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(ended(main))
