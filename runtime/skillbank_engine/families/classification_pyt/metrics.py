"""What is measured of a classifier: accuracies, the confusion of classes, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor
from torch.nn.functional import cross_entropy

from skillbank_engine.exchange import Confusion, Metrics
from skillbank_engine.families.classification_pyt.loss import correct_in
from skillbank_engine.team import Team

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORST_PAIRS = 10


@dataclass
class Tally:
    """Counts of what a classifier said of pictures whose class is known.

    Attributes
    ----------
    confusion : ndarray
        ``(C, C)`` pictures by true and by found class.
    hits : ndarray
        Pictures whose class is among the k most likely, for every k that is reported.
    loss : float
        Sum of the cross entropies.
    """

    confusion: NDArray[np.int64]
    hits: NDArray[np.int64]
    ranks: tuple[int, ...]
    loss: float = 0.0

    @classmethod
    def empty(cls, classes: int, ranks: Sequence[int]) -> Tally:
        """Nothing counted yet; rank 1, which trainings and searches go by, is always counted."""
        counted = tuple(dict.fromkeys((1, *ranks)))
        return cls(
            np.zeros((classes, classes), dtype=np.int64), np.zeros(len(counted), dtype=np.int64), counted
        )

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count some pictures: logits ``(B, C)`` and true classes ``(B,)``, on the same device."""
        found = logits.argmax(-1)
        pairs = np.stack([labels.cpu().numpy(), found.cpu().numpy()])
        np.add.at(self.confusion, tuple(pairs), 1)
        self.hits += correct_in(logits, labels, self.ranks).cpu().numpy()
        self.loss += float(cross_entropy(logits.float(), labels, reduction="sum"))

    def gathered(self, team: Team) -> Tally:
        """Bring together what all processes have counted; all must call."""
        rows = np.array(team.gather(*self.confusion.ravel().tolist(), *self.hits.tolist(), self.loss)).sum(0)
        size = self.confusion.size
        counts = rows[:-1].round().astype(np.int64)
        return Tally(counts[:size].reshape(self.confusion.shape), counts[size:], self.ranks, float(rows[-1]))

    @property
    def pictures(self) -> int:
        """How many pictures were counted."""
        return int(self.confusion.sum())

    def per_class(self, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """Precision, recall, F1 and the number of pictures of every class that has any."""
        right = np.diag(self.confusion)
        true, found = self.confusion.sum(1), self.confusion.sum(0)
        return {
            name: {
                "precision": float(right[number] / max(found[number], 1)),
                "recall": float(right[number] / true[number]),
                "f1": float(2 * right[number] / (true[number] + found[number])),
                "images": float(true[number]),
            }
            for number, name in enumerate(names)
            if true[number]
        }

    def metrics(self, names: Sequence[str], prefix: str = "val") -> Metrics:
        """Put the counts into numbers.

        Parameters
        ----------
        names : sequence of str
            Names of the classes.
        prefix : str
            What the numbers' names begin with; the family's container says ``val`` whatever it measures.
        """
        count = max(self.pictures, 1)
        per_class = self.per_class(names)
        f1 = sum(item["f1"] for item in per_class.values()) / max(len(per_class), 1)
        accuracies = {
            f"{prefix}_acc_{rank}": float(hits / count)
            for rank, hits in zip(self.ranks, self.hits, strict=True)
        }
        values = {**accuracies, f"{prefix}_f1": f1, f"{prefix}_loss": self.loss / count}
        text = "  ".join(f"{name.removeprefix(prefix + '_')} {value:.3f}" for name, value in values.items())
        more = {
            "images": self.pictures,
            "classes": list(names),
            "confusion": self.confusion.tolist(),
            "most_confused": self._worst(names),
        }
        confusion = Confusion(tuple(names), self.confusion.tolist(), "pictures")
        return Metrics(values, per_class, text, more, confusion)

    def _worst(self, names: Sequence[str]) -> list[Mapping[str, object]]:
        """The pairs of classes that are taken for one another most often."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:_WORST_PAIRS]
        places = [divmod(int(place), len(names)) for place in order]
        return [
            {"true": names[true], "found": names[found], "images": int(wrong[true, found])}
            for true, found in places
            if wrong[true, found]
        ]
