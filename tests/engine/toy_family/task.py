"""The toy's task: everything that the frame cannot know."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.data.images import find_images, open_image
from skillbank_engine.data.transforms import image_tensor
from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError
from skillbank_engine.task import (
    Batch,
    Graph,
    Kept,
    Metrics,
    Place,
    Samples,
    Share,
    Stage,
    Task,
    Tell,
    TrainingData,
)
from skillbank_engine.team import Team
from tests.engine.toy_family.config import ToySpec

SIDE = 32


@dataclass(frozen=True)
class Folders:
    """Pictures with the numbers of their classes."""

    files: tuple[tuple[Path, int], ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.files)

    def pictures(self) -> Iterator[Path]:
        """The files."""
        return (path for path, _ in self.files)


def read_folders(root: Path) -> Folders:
    """Read a folder of each class."""
    names = tuple(sorted(path.name for path in root.iterdir() if path.is_dir())) if root.is_dir() else ()
    if not names:
        raise DataError(f"dataset.root: {root} has no folder of a class: make one for each")
    files = [(path, number) for number, name in enumerate(names) for path in sorted((root / name).iterdir())]
    return Folders(tuple(files), names)


@dataclass(frozen=True)
class ColourBatch(Batch):
    """``(B, 3, H, W)`` pixels, uint8 until they are prepared, and ``(B,)`` numbers of classes."""

    pixels: Tensor
    classes: Tensor


class ColourSamples(Samples[tuple[Tensor, int], ColourBatch]):
    """Pictures, flipped now and then."""

    def __init__(self, data: Folders) -> None:
        self._files = data.files

    def __len__(self) -> int:
        return len(self._files)

    def sample(self, index: int, epoch: int, numbers: random.Random) -> tuple[Tensor, int]:
        path, number = self._files[index]
        pixels = opened(path)
        return (pixels.flip(-1) if numbers.random() < 0.5 else pixels), number

    def collate(self, samples: Sequence[tuple[Tensor, int]]) -> ColourBatch:
        return ColourBatch(torch.stack([p for p, _ in samples]), torch.tensor([n for _, n in samples]))


def opened(path: Path) -> Tensor:
    return image_tensor(open_image(path).resize((SIDE, SIDE)))


def scaled(pixels: Tensor) -> Tensor:
    return pixels.float() / 127.5 - 1


class Colours(nn.Module):
    """Logits of mean colours."""

    def __init__(self, hidden: int, norm: str, classes: int) -> None:
        super().__init__()
        self.body = nn.Linear(3, hidden)
        self.norm = nn.BatchNorm1d(hidden) if norm == "batch" else nn.Identity()
        self.head = nn.Linear(hidden, classes)

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.head(self.norm(self.body(pixels.mean((2, 3)))).relu())
        return logits


class _Exported(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        return (self.model(pixels).softmax(-1),)


class ColourTask(Task[ToySpec, Folders, Folders, ColourBatch]):
    """Tells pictures apart."""

    @classmethod
    def read_training(cls, spec: ToySpec, tell: Tell) -> TrainingData[Folders, Folders]:
        root = Path(spec.dataset.root)
        return TrainingData(read_folders(root / "train"), read_folders(root / "val"))

    @classmethod
    def begin(cls, spec: ToySpec, data: TrainingData[Folders, Folders], tell: Tell) -> "ColourTask":
        return cls._built(spec, data.train.names, {"hidden": spec.model.hidden, "norm": spec.model.norm})

    @classmethod
    def restore(cls, spec: ToySpec, kept: Kept) -> "ColourTask":
        return cls._built(spec, kept.labels, dict(kept.architecture))

    @classmethod
    def _built(cls, spec: ToySpec, labels: tuple[str, ...], architecture: dict[str, Any]) -> "ColourTask":
        return cls(spec, Colours(**architecture, classes=len(labels)), labels, architecture)

    def samples(self, data: TrainingData[Folders, Folders], seed: int) -> ColourSamples:
        return ColourSamples(data.train)

    def size(self, batch: ColourBatch) -> float:
        return len(batch)

    def prepare(self, batch: ColourBatch, share: Share, device: torch.device) -> ColourBatch:
        moved = batch.to(device)
        return ColourBatch(scaled(moved.pixels), moved.classes)

    def losses(self, model: Callable[..., Tensor], batch: ColourBatch, divisor: float) -> dict[str, Tensor]:
        logits = model(batch.pixels).float()
        return {"loss": nn.functional.cross_entropy(logits, batch.classes, reduction="sum") / divisor}

    @classmethod
    def read_test(cls, spec: ToySpec) -> Folders:
        return read_folders(Path(spec.dataset.root) / "val")

    def measure(
        self, data: Folders, stage: Stage, compute: Compute, team: Team, folder: Path | None = None
    ) -> Metrics | None:
        answer = self.answer if stage == "test" else lambda pixels: (self.module(pixels),)
        assert answer is not None
        mine = data.files[team.rank :: team.size] if stage == "val" else data.files
        right = 0
        for path, number in mine:
            right += int(answer(scaled(opened(path))[None])[0].argmax(-1)) == number
        found = team.collect(right) if stage == "val" else [right]
        return None if found is None else Metrics({f"{stage}_top1": sum(found) / len(data)})

    @classmethod
    def inference_pictures(cls, spec: ToySpec) -> list[tuple[Path, Path]]:
        return find_images(spec.dataset.infer, "dataset.infer")

    def infer(self, pictures: Sequence[Place], folder: Path, compute: Compute) -> dict[str, float]:
        assert self.answer is not None
        for place in pictures:
            (shares,) = self.answer(scaled(opened(place.image))[None])
            path = folder / "labels" / place.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"label": self.labels[int(shares.argmax())]}), encoding="utf-8")
        return {"images": float(len(pictures))}

    def graph(self, height: int = 0, width: int = 0, batch: int = 1) -> Graph:
        noise = torch.randn(
            batch, 3, height or SIDE, width or SIDE, generator=torch.Generator().manual_seed(0)
        )
        return Graph(_Exported(self.module), {"input": noise}, ("shares",))

    def calibration(self, height: int, width: int) -> Iterator[dict[str, Tensor]]:
        data = self.read_test(self.spec)
        return ({"input": scaled(opened(path))[None]} for path, _ in data.files[:8])
