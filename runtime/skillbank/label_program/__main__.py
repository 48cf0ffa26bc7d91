"""``python -m skillbank.label_program`` prints the schema and defaults as one JSON document."""

from __future__ import annotations

import json
import sys

from skillbank.label_program.spec import all_schemas

if __name__ == "__main__":
    json.dump(all_schemas(), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
