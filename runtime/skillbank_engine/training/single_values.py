"""BatchNorms that a batch leaves one number a channel, of which there is no mean to take.

That is so of one picture whose map has become a single place: the last batch of an epoch, or what a process
gets of it.  torch refuses it, and would end the run at the end of its first epoch.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SingleValues:
    """Lets BatchNorms normalise single numbers by their running statistics, which stay as they are.

    Parameters
    ----------
    module : Module
        What is trained.  Norms that processes share (``SyncBatchNorm``) see the numbers of all, and are left.
    tell : callable
        Says it, once.
    """

    def __init__(self, module: nn.Module, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = False
        self._standing: set[nn.Module] = set()
        for part in module.modules():
            if isinstance(part, _BatchNorm) and not isinstance(part, nn.SyncBatchNorm):
                part.register_forward_pre_hook(self._before)
                part.register_forward_hook(self._after, always_call=True)

    def _before(self, norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0]
        if norm.training and norm.running_mean is not None and values.numel() == values.shape[1]:
            norm.training = False
            self._standing.add(norm)
            if not self._told:
                self._told = True
                self._tell(
                    "A batch of one picture leaves a BatchNorm one number a channel: it is normalised by the "
                    "running statistics; where all batches are so small, raise the batch size"
                )

    def _after(self, norm: nn.Module, _inputs: object, _output: object) -> None:
        if norm in self._standing:
            norm.training = True
            self._standing.remove(norm)
