"""How long ``skillbank label`` of one picture takes from a cold command: into a folder, and into a label set.

python -m benchmarks.label_start [--rounds 9] [--checkpoint FILE] [--quiet LOAD]

The two take turns, and which is first changes from round to round, so that what else the machine does falls
on both. Each command has a home of its own, and a round before the first has read the files of the system.
Time on the processor is what others disturb least. A round that begins while the machine is busy waits until
its load is below ``--quiet`` (default: half of the cores), at most two minutes, and says so.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from benchmarks.detect import machine, random_model

_PATIENCE = 120.0
CAPTION = "red circle"


class Spent(NamedTuple):
    """What a command took: seconds of the clock, and of the processor."""

    clock: float
    processor: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--checkpoint", help="the model; by default a small one of random weights")
    parser.add_argument("--quiet", type=float, default=(os.cpu_count() or 2) / 2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = given.checkpoint or str(random_model(folder / "random.pth"))
        picture = draw(folder / "one.png")
        words = [str(picture), CAPTION, "--checkpoint", model, "--json"]
        commands: dict[str, Callable[[Path], list[str]]] = {
            "a folder": lambda home: [*words, "-f", "json", "-o", str(home / "labels")],
            "a label set": lambda home: [*words, "--into", "shapes"],
        }
        spent: dict[str, list[Spent]] = {title: [] for title in commands}
        loads = []
        for number in range(given.rounds + 1):
            loads.append(settled(given.quiet))
            titles = list(commands) if number % 2 else list(reversed(commands))
            for title in titles:
                home = folder / "home"
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir()
                took = timed(commands[title](home), {**os.environ, "SKILLBANK_HOME": str(home)})
                if number:  # the first round reads files of the system that later ones have in memory
                    spent[title].append(took)
    print(f"{machine()}; {given.rounds} rounds in turns; load {min(loads):.1f} to {max(loads):.1f}")
    print("| one picture into | clock s | processor s |\n|---|---|---|")
    for title, rounds in spent.items():
        clock, processor = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {title} | {clock:.2f} | {processor:.2f} |")
    pairs = list(zip(*spent.values(), strict=True))
    more = [Spent(b.clock - a.clock, b.processor - a.processor) for a, b in pairs]
    clock, processor = (statistics.median(column) for column in zip(*more, strict=True))
    print(f"| the set takes more, median of the pairs | {clock:+.2f} | {processor:+.2f} |")


def draw(path: Path) -> Path:
    """Draw a circle."""
    image = Image.new("RGB", (128, 128), "ivory")
    ImageDraw.Draw(image).ellipse((30, 30, 90, 90), fill="crimson")
    image.save(path)
    return path


def settled(quiet: float) -> float:
    """Wait until the machine is quiet, for a time, and return its load then."""
    deadline = time.monotonic() + _PATIENCE
    while (load := os.getloadavg()[0]) > quiet and time.monotonic() < deadline:
        time.sleep(1)
    if load > quiet:
        print(f"not quiet: load {load:.1f}", file=sys.stderr)
    return load


def timed(words: list[str], environment: Mapping[str, str]) -> Spent:
    """Run ``skillbank label`` and return what it took; a failure ends the benchmark."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "skillbank", "label", *words],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    clock = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    main()
