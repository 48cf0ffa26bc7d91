"""The loop of a label set, measured: label, review the useful ones, fine-tune, label again.

python -m benchmarks.loop [--keep DIR] [--pictures 200] [--review 60] [--base FILE] [--seed 0] [--browser]
                          [KEY=VALUE ...]

A small model is trained on the drawn data set first (or named by --base); it is weak on the pictures of
signs of `benchmarks.loop.pictures`. A simulated person corrects those that the queue asks for, by the truth;
one run fine-tunes the model on the set, and it labels the rest again. Beside it stands a model that was
fine-tuned from the same start on the truth of all pictures: most of the rest it has seen in training, which
is more than anybody could ask, so all are also measured on as many fresh pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.loop.loop import Loop


def main() -> None:
    """Run the loop and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="work here and leave the results")
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--review", type=int, default=60)
    parser.add_argument("--base", help="a job of this home, or a model's file, to start from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-truth", action="store_true", help="no model trained on all the truth")
    parser.add_argument(
        "--browser", action="store_true", help="the person sits at the page, in chromium, and counts there"
    )
    parser.add_argument(
        "settings", nargs="*", metavar="KEY=VALUE", help="for both fine-tunings, in place of their own"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).absolute()
        os.environ.setdefault("SKILLBANK_HOME", str(folder / "home"))
        loop = Loop(folder, given.pictures, given.review, given.seed, given.settings, given.browser)
        result = loop.run(given.base, truth=not given.no_truth)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
