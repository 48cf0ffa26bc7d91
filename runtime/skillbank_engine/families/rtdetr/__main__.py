"""The command line: ``rtdetr ACTION ...``."""

import sys
from functools import partial

from skillbank_engine.ending import ended
from skillbank_engine.families.rtdetr.family import FAMILY
from skillbank_engine.program import program

main = program(FAMILY)
script = partial(ended, main)

if __name__ == "__main__":
    sys.exit(script())
