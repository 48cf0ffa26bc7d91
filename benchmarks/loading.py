"""How many training pictures a second the loader gives, with and without the cache of decoded pictures.

python -m benchmarks.loading [--pictures 400] [--workers 2] [--epochs 3] [--batch 32]

Drawn scenes of 512 pixels with 50 descriptions a prompt, as ``learning.py --data scenes`` trains on. The
first epoch decodes; the later ones find in memory what fits.
"""

import argparse
import statistics
import tarfile
import tempfile
import time
from pathlib import Path

from skillbank_engine.data.transforms import TrainingTransform
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.data.loading import Collator, TrainingSamples
from skillbank_engine.families.grounding_dino.data.odvg import read_training_set
from skillbank_engine.families.grounding_dino.data.sampling import PromptLengths
from skillbank_engine.families.grounding_dino.data.scenes import write_scenes
from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer
from skillbank_engine.training.loading import EpochBatches, make_loader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_scenes(folder, seed=0, train=options.pictures, val=1, size=512)
        print("cache, first epoch, later epochs (median), in pictures a second")
        for megabytes in (0, 4096):
            first, *later = epochs(folder / "train", megabytes, options)
            print(f"{megabytes:4} MB  {first:7.1f}  {statistics.median(later):7.1f}", flush=True)


def epochs(folder: Path, megabytes: int, options: argparse.Namespace) -> list[float]:
    """Pictures a second of every epoch; starting the loader's processes is counted."""
    images = folder / "images"
    if not images.is_dir():
        with tarfile.open(folder / "images.tar.gz") as archive:
            archive.extractall(images, filter="data")
    source = {
        "image_dir": str(images),
        "json_file": str(folder / "annotations_odvg.jsonl"),
        "label_map": str(folder / "annotations_odvg_labelmap.json"),
    }
    spec = build_spec("train", {"dataset": {"train_data_sources": [source]}, "engine": {"image_size": 512}})
    data = read_training_set(spec.dataset.train_data_sources)
    tokenizer = build_tokenizer(data.texts())
    samples = TrainingSamples(
        data,
        tokenizer,
        TrainingTransform.from_spec(spec),
        max_labels=spec.dataset.max_labels,
        max_tokens=spec.model.max_text_len,
        lengths=PromptLengths(spec.engine.varied_prompts, options.epochs),
        collator=Collator(tokenizer.pad),
        cache_bytes=megabytes * 2**20,
    )
    batches = EpochBatches(len(samples), options.batch, 0)
    loader = make_loader(samples, batches, options.batch, 0, workers=options.workers)
    speeds = []
    for epoch in range(options.epochs):
        batches.start(epoch)
        started = time.perf_counter()
        seen = sum(len(batch) for step in loader for batch in step)
        speeds.append(seen / (time.perf_counter() - started))
    return speeds


if __name__ == "__main__":
    main()
