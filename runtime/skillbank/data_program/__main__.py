"""``python -m skillbank.data_program [ACTION ...]`` prints schemas and defaults as one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from skillbank.data_program.spec import SPECS, all_schemas


def main(arguments: Sequence[str]) -> int:
    """Print the document of the named actions, or of all; 2 for an action that does not exist."""
    unknown = [name for name in arguments if name not in SPECS]
    if unknown:
        print(f"there is no action {unknown[0]!r}; there are {', '.join(SPECS)}", file=sys.stderr)
        return 2
    json.dump(all_schemas(list(arguments) or list(SPECS)), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
