"""Words of the command line that need no spec."""

from argparse import Namespace
from pathlib import Path

from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.data.shapes import write_shapes


def shapes(arguments: Namespace) -> None:
    """Write the demo data set and say where its parts are."""
    if min(arguments.train, arguments.val) < 1 or not 64 <= arguments.size <= 4096:
        raise DataError("--train and --val must be at least 1, and --size from 64 to 4096: correct them")
    out = Path(arguments.out)
    write_shapes(out, seed=arguments.seed, train=arguments.train, val=arguments.val, size=arguments.size)
    print(f"{out / 'images'}  pictures: train {arguments.train}, val {arguments.val}, test 6")
    print(f"{out / 'masks'}  their masks")
    print(f"{out / 'palette.json'}  what the masks' numbers mean")
