"""The command line: ``rtdetr ACTION ...``."""

import sys

from skillbank_engine.families.rtdetr.family import FAMILY
from skillbank_engine.program import program

main = program(FAMILY)

if __name__ == "__main__":
    sys.exit(main())
