"""A run on a terminal shows how far the check of its data is; in a pipe it is silent."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import environment
from tests.datasets.test_in_a_run import coco

__all__ = ["environment"]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A training that nobody approves, on data whose check takes a moment."""
    place, numbers = tmp_path / "set", random.Random(1)
    (place / "images").mkdir(parents=True)
    names = [f"{index}.jpg" for index in range(140)]
    for name in names:
        Image.effect_noise((400, 300), numbers.randrange(20, 200)).convert("RGB").save(
            place / "images" / name
        )
    file = place / "annotations.json"
    coco(file, names)
    file.write_text(file.read_text().replace('"width": 80, "height": 60', '"width": 400, "height": 300'))
    text = f"train Grounding DINO on {place}, no HPO, 1 epoch, from scratch"
    return [sys.executable, "-m", "skillbank", "run", text, "--set", "engine.profile=small"]


@pytest.mark.slow
def test_a_terminal_sees_a_bar_with_counts(command: list[str], environment: dict[str, str]) -> None:
    master, slave = pty.openpty()
    wide = {**environment, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        command, env=wide, stderr=slave, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as run:
        os.close(slave)
        seen = b""
        with contextlib.suppress(OSError):  # the other side has closed
            while piece := os.read(master, 4096):
                seen += piece
        run.communicate()
        assert run.returncode == 4, seen
    os.close(master)
    assert b"pictures decoded" in seen and b"/140" in seen and b"0:00:0" in seen


@pytest.mark.slow
def test_a_pipe_sees_none(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 4 and "decoded" not in done.stderr + done.stdout
