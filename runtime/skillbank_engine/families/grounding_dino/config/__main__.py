"""`python -m ....config [ACTION ...]` prints schemas and defaults as one JSON document."""

from __future__ import annotations

import json
import sys

from skillbank_engine.families.grounding_dino.config.experiment import SPECS
from skillbank_engine.families.grounding_dino.config.schema import all_schemas


def main(arguments: list[str]) -> int:
    """Print the document of the named actions, or of all.

    Parameters
    ----------
    arguments
        Names of actions.

    Returns
    -------
    int
        Exit status: 2 for an action that does not exist.
    """
    unknown = [name for name in arguments if name not in SPECS]
    if unknown:
        print(f"ERROR: unknown action {unknown[0]!r}; there are {', '.join(SPECS)}", file=sys.stderr)
        return 2
    json.dump(all_schemas(arguments or None), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
