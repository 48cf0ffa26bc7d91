"""The command line: ``toy ACTION ...``."""

import sys

from skillbank_engine.program import program
from tests.engine.toy_family.family import FAMILY

main = program(FAMILY)

if __name__ == "__main__":
    sys.exit(main())
