"""The main job, as a user does it: data, one sentence, a trained detector, its evaluation, a picture.

Every step is a command that is printed before it runs, so that each can be repeated by hand.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DATA = Path("demo/shapes")


def say(command: str) -> None:
    """Print a command and run it in this terminal; stop when it fails."""
    print(f"\n$ {command}", flush=True)
    code = subprocess.run(shlex.split(command), check=False).returncode
    if code != 0:
        sys.exit(code)


def ask(command: str) -> Any:
    """Run a command with ``--json`` and return its document; a plan may have questions (exit code 3)."""
    done = subprocess.run(shlex.split(command), check=False, stdout=subprocess.PIPE)
    if done.returncode not in (0, 3):
        sys.exit(done.stdout.decode() or done.returncode)
    return json.loads(done.stdout)


def newest(action: str) -> dict[str, Any]:
    """Return the results of the newest job of an action."""
    return dict(ask(f"skillbank results last:{action} --json"))


def main() -> None:
    """Run the demo in the current folder."""
    start = time.monotonic()
    if not (DATA / "train").exists():
        say(f"grounding_dino shapes {DATA}")
    train = f'"train Grounding DINO on {DATA}, no HPO"'
    # Where there is a GPU the full-size model is meant, and the plan asks which weights it starts from.
    gpus = ask(f"skillbank plan {train} --json")["checks"]["gpus"]
    say(f"skillbank run {train}{' --set engine.profile=small' if gpus else ''} --yes")
    training = time.monotonic() - start
    say(f'skillbank run "evaluate Grounding DINO on {DATA}/val from the last training" --yes')
    seen = newest("evaluate")["metrics"]
    say(f'skillbank run "evaluate Grounding DINO on {DATA}/heldout from the last training" --yes')
    held_out = newest("evaluate")["metrics"]
    say(f'skillbank run "run inference with Grounding DINO on {DATA}/inference from the last training" --yes')
    found = newest("inference")
    picture = Path("demo") / "found.png"
    shutil.copy(Path(found["results_dir"]) / found["pictures"][0], picture)
    print(f"\ntrained in {training:.0f} s, everything in {time.monotonic() - start:.0f} s\n")
    print(f"{'mAP':<28}{seen['test_mAP']:.3f}")
    print(f"{'mAP50':<28}{seen['test_mAP50']:.3f}")
    print(f"{'mAP50 on held-out pairs':<28}{held_out['test_mAP50']:.3f}")
    print(f"{'picture with boxes':<28}{picture}")
    pictures = DATA / "inference" / "images"
    print(f'\nnext: skillbank label {pictures} "red circle" "blue star" --checkpoint last:train')


if __name__ == "__main__":
    main()
