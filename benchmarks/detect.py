"""How many pictures a second ``POST /detect`` answers, and after how long, for 1, 8 and 32 clients.

Against a running server (``--url``), or one that is started with ``--checkpoint``, or with a small model of
random weights, whose work does not depend on its weights. Each client sends the next picture when it has its
answer; all ask for the same descriptions, so that their pictures can make batches.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

DESCRIPTIONS = ["red circle", "blue square", "green triangle", "yellow star"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a running server")
    parser.add_argument("--checkpoint", help="the model of the server that is started")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of clients")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--size", type=int, nargs=2, default=[640, 480], metavar=("WIDTH", "HEIGHT"))
    given = parser.parse_args()
    pictures = make_pictures(16, (given.size[0], given.size[1]))
    with server(given.url, given.checkpoint) as url:
        model = httpx2.get(f"{url}/api/about").json()["model"]
        size = f"{given.size[0]} x {given.size[1]}"
        print(f"{machine()}; {model['backbone']} on {model['device']}; JPEGs of {size}")
        ask(url, pictures, 4, 1.0)
        print(
            "| clients | pictures/s | p50 ms | p99 ms | mean batch | turned away |\n|---|---|---|---|---|---|"
        )
        for clients in given.clients:
            times, batches, refused, spent = ask(url, pictures, clients, given.seconds)
            times.sort()
            half, most = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.99))]
            batch = sum(batches) / len(batches)
            print(f"| {clients} | {len(times) / spent:.1f} | {1000 * half:.0f} | {1000 * most:.0f} "
                  f"| {batch:.1f} | {refused} |", flush=True)  # fmt: skip


def make_pictures(count: int, size: tuple[int, int]) -> list[bytes]:
    """Make JPEGs with shapes on noise, so that decoding costs what it costs for photographs."""
    import numpy as np
    from PIL import Image, ImageDraw

    made = []
    for seed in range(count):
        dice = np.random.default_rng(seed)
        noise = dice.normal(128, 20, (size[1] // 4, size[0] // 4, 3)).clip(0, 255).astype(np.uint8)
        image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
        pen = ImageDraw.Draw(image)
        for colour in ("red", "blue", "green", "yellow"):
            x, y = (int(dice.integers(0, side * 3 // 4)) for side in size)
            pen.ellipse((x, y, x + size[0] // 6, y + size[0] // 6), fill=colour)
        file = io.BytesIO()
        image.save(file, format="JPEG", quality=90)
        made.append(file.getvalue())
    return made


def ask(
    url: str, pictures: list[bytes], clients: int, seconds: float
) -> tuple[list[float], list[int], int, float]:
    """Return the seconds of each answer, the batches that they were in, refusals, and the time in all."""
    times: list[float] = []
    batches: list[int] = []
    refused = [0] * clients
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        with httpx2.Client(timeout=120) as http:
            turn = number
            while (start := time.monotonic()) < end:
                files = {"picture": pictures[turn % len(pictures)]}
                data = {"description": DESCRIPTIONS, "threshold": "0.3"}
                answer = http.post(f"{url}/detect", files=files, data=data)
                if answer.status_code == 503:
                    refused[number] += 1
                    time.sleep(float(answer.headers["retry-after"]))
                    continue
                document = answer.raise_for_status().json()
                times.append(time.monotonic() - start)
                batches.append(document["batch"])
                turn += 1

    start = time.monotonic()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, batches, sum(refused), time.monotonic() - start


@contextmanager
def server(url: str | None, checkpoint: str | None) -> Iterator[str]:
    """Yield the address of a server whose model is loaded."""
    if url is not None:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder:
        model = checkpoint or str(random_model(Path(folder) / "random.pth"))
        command = [sys.executable, "-m", "skillbank", "web", "--port", "0", "--checkpoint", model]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                found = re.search(r"http://\S+[^/\s]", process.stderr.readline())
                if found is None:
                    sys.exit(process.stderr.read())
                while (state := httpx2.get(f"{found[0]}/health").json()["state"]) != "ready":
                    if state == "failed":
                        sys.exit(httpx2.get(f"{found[0]}/api/about").json()["model"]["message"])
                    time.sleep(0.2)
                yield found[0]
            finally:
                process.terminate()


def random_model(path: Path) -> Path:
    """Write a checkpoint of the small profile as training starts with it."""
    import torch

    from skillbank_engine.families.grounding_dino.architecture import architecture_from_spec
    from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint, write_checkpoint
    from skillbank_engine.families.grounding_dino.config import GROUNDING_DINO, build_spec
    from skillbank_engine.families.grounding_dino.data.shapes import SEEN
    from skillbank_engine.families.grounding_dino.model import build_detector, network_values
    from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer
    from skillbank_engine.profile import apply_profile

    torch.manual_seed(0)
    document = {
        "dataset": {"train_data_sources": [{"image_dir": "x", "json_file": "x"}]},
        "engine": {"profile": "small"},
        "results_dir": "x",
    }
    spec, _ = apply_profile(GROUNDING_DINO, build_spec("train", document), "train", [], False)
    tokenizer = build_tokenizer(SEEN)
    detector = build_detector(architecture_from_spec(spec), tokenizer)
    checkpoint = Checkpoint(
        weights=detector.state_dict(),
        architecture=detector.architecture,
        network=network_values(detector),
        vocabulary=tokenizer.vocabulary,
        labels=tuple(SEEN),
        spec=spec.model_dump(),
        epoch=0,
        step=0,
        training={},
    )
    write_checkpoint(path, checkpoint)
    return path


def machine() -> str:
    """Name the processor and how many of it there are."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return f"{len(os.sched_getaffinity(0))} x {names[0] if names else platform.machine()}"


if __name__ == "__main__":
    main()
