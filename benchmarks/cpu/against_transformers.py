"""Full-size inference on a CPU against transformers' own Grounding DINO, in one run, turn by turn.

python -m benchmarks.cpu.against_transformers [--height 800 --width 1066 --names 80 --threads 2 --rounds 5]

Both hold the same random weights (Swin-T, BERT-base, 172 million parameters), see the same picture and the
same prompt, and compute in fp32 with equally many threads. They take turns, so that whatever else the machine
does falls on both; medians of wall and processor time are printed, and how far the answers are apart. Ours
is measured with its text encoded anew, as transformers does, and with the text of a fixed prompt known, as in
use on many pictures.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

from skillbank_engine.importing import prepare_libraries

# Before torch is imported: threads that wait are not counted as working.
prepare_libraries()

import torch  # noqa: E402
from benchmarks.full_size import Scene, detector_of, random_network  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--width", type=int, default=1066)
    parser.add_argument("--names", type=int, default=80)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="measure ours compiled as well")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    theirs = random_network().eval()
    # Proposals take their learned contents by rank, and by chance some of random weights score equally up to
    # rounding; with one content for all, swapped ranks change nothing and answers can be compared.
    contents = theirs.model.query_position_embeddings.weight
    with torch.no_grad():
        contents.copy_(contents[:1].expand_as(contents))
    ours = detector_of(copy.deepcopy(theirs)).eval()
    scene = Scene(1, options.height, options.width, torch.device("cpu"), options.names)
    arguments = scene.theirs()
    tokens = scene.prompts.token_ids.shape[1]
    print(
        f"torch {torch.__version__}, {options.threads} threads, 1 x {options.height}x{options.width}, prompt "
        f"of {options.names} names ({tokens} tokens), fp32, {options.rounds} rounds",
        flush=True,
    )
    with torch.inference_mode():
        text = ours.encode_text(scene.prompts)
        runs: dict[str, Callable[[], Any]] = {
            "transformers": lambda: theirs(**arguments),
            "ours": lambda: ours(scene.pixels, None, scene.prompts),
            "ours, text known": lambda: ours(scene.pixels, None, scene.prompts, text=text),
        }
        if options.compile:
            compiled = copy.deepcopy(ours)
            compiled.compile_layers()
            runs["ours, text known, compiled"] = lambda: compiled(
                scene.pixels, None, scene.prompts, text=text
            )
        exact = runs["transformers"]()
        # What rounding alone does: its own answers to a picture that differs in the last bit.
        moved = theirs(**{**arguments, "pixel_values": torch.nextafter(scene.pixels, scene.pixels + 1)})
        print(f"transformers, last bit of pixels: {_distance(moved.pred_boxes, moved.logits, exact, tokens)}")
        for name in list(runs)[1:]:
            found = runs[name]()
            print(f"{name}: {_distance(found.boxes[-1], found.logits[-1], exact, tokens)}", flush=True)
        spans: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in range(options.rounds):
            for name, work in runs.items():
                spans[name].append(_timed(work))
    base = [statistics.median(column) for column in zip(*spans["transformers"], strict=True)]
    for name, values in spans.items():
        wall, busy = (statistics.median(column) for column in zip(*values, strict=True))
        least = min(values)[0]
        print(
            f"{name:28} {wall:7.2f} s wall (least {least:.2f})  {busy:7.2f} s processor   "
            f"{base[0] / wall:5.2f}x wall  {base[1] / busy:5.2f}x processor",
            flush=True,
        )


def _timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Wall and processor seconds of one call."""
    wall, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - busy


def _distance(boxes: torch.Tensor, logits: torch.Tensor, exact: Any, tokens: int) -> str:
    """Say how far each of the 900 exact answers (box, all its probabilities) is from the nearest given."""
    mine = torch.cat([boxes, logits[..., :tokens].sigmoid()], -1)[0]
    wanted = torch.cat([exact.pred_boxes, exact.logits[..., :tokens].sigmoid()], -1)[0]
    nearest = torch.cdist(wanted, mine, p=torch.inf).amin(-1)
    return f"differences of answers: largest {float(nearest.max()):.1e}, median {float(nearest.median()):.1e}"


if __name__ == "__main__":
    main()
