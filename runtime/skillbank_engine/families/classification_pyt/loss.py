"""Cross entropy with smoothed labels, weighted classes and mixed pictures; distances of logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from skillbank_engine.families.classification_pyt.data.folders import NO_CLASS
from skillbank_engine.families.classification_pyt.data.samples import PictureBatch


@dataclass(frozen=True)
class ClassLoss:
    """The loss of a batch of pictures.

    Attributes
    ----------
    smoothing : float
        Share of a label's weight that is spread over all classes.
    weights : tuple of float or None
        Weight of each class; None lets every picture count alike.
    """

    smoothing: float = 0.0
    weights: tuple[float, ...] | None = None

    def __call__(self, logits: Tensor, batch: PictureBatch) -> Tensor:
        """Give the sum over the pictures that have a class, as a scalar in fp32.

        Parameters
        ----------
        logits : Tensor
            ``(B, C)``.
        batch : PictureBatch
            Their classes.
        """
        logits = logits.float()
        own = self._each(logits, batch.labels)
        if batch.others is None or batch.shares is None:
            return own.sum()
        return (batch.shares * own + (1 - batch.shares) * self._each(logits, batch.others)).sum()

    def _each(self, logits: Tensor, labels: Tensor) -> Tensor:
        weights = None if self.weights is None else logits.new_tensor(self.weights)
        return cross_entropy(
            logits,
            labels,
            weights,
            ignore_index=NO_CLASS,
            reduction="none",
            label_smoothing=self.smoothing,
        )


def balanced_weights(counts: Sequence[int]) -> tuple[float, ...]:
    """Weigh classes so that all count alike and the mean over the pictures is 1.

    Parameters
    ----------
    counts : sequence of int
        Pictures of each class; classes without any weigh nothing.
    """
    shown = [count for count in counts if count]
    total = sum(shown)
    return tuple(total / (len(shown) * count) if count else 0.0 for count in counts)


def _kl(student: Tensor, teacher: Tensor) -> Tensor:
    return kl_div(log_softmax(student, -1), log_softmax(teacher, -1), log_target=True, reduction="sum")


def _soft_cross_entropy(student: Tensor, teacher: Tensor) -> Tensor:
    return -(teacher.softmax(-1) * log_softmax(student, -1)).sum()


def _absolute(student: Tensor, teacher: Tensor) -> Tensor:
    return (student - teacher).abs().mean(-1).sum()


def _squared(student: Tensor, teacher: Tensor) -> Tensor:
    return (student - teacher).square().mean(-1).sum()


_DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "KL": _kl,
    "CE": _soft_cross_entropy,
    "L1": _absolute,
    "L2": _squared,
    "MSE": _squared,
}


def distance(kind: str, student: Tensor, teacher: Tensor) -> Tensor:
    """Tell how far a student's logits are from a teacher's, summed over the pictures.

    Parameters
    ----------
    kind : str
        KL (divergence of the probabilities), CE (cross entropy with the teacher's probabilities), L1, L2 or
        MSE (mean over the classes of the differences, absolute or squared).
    student, teacher : Tensor
        ``(B, C)`` logits.
    """
    return _DISTANCES[kind](student.float(), teacher.float().detach())


@torch.no_grad()
def correct_in(logits: Tensor, labels: Tensor, ranks: Sequence[int]) -> Tensor:
    """Count pictures whose class is among the k most likely, for every k: ``(len(ranks),)`` int64."""
    most = min(max(ranks), logits.shape[-1])
    hits = logits.topk(most, -1).indices == labels[:, None]
    return torch.stack([hits[:, :rank].any(-1).sum() for rank in ranks])
