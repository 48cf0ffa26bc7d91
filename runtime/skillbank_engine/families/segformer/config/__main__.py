"""`python -m ....config [ACTION ...]` prints schemas and defaults as one JSON document."""

import sys

from skillbank_engine.families.segformer.family import FAMILY
from skillbank_engine.running import print_schemas

if __name__ == "__main__":
    sys.exit(print_schemas(FAMILY, sys.argv[1:]))
