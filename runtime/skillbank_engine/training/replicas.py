"""One model in several processes: whole in each (DDP), or its weights shared out (FSDP)."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeGuard

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils import _pytree

from skillbank_engine.errors import EngineError
from skillbank_engine.parameters import trained
from skillbank_engine.team import Team

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor


def replicated(model: nn.Module, device: torch.device, team: Team) -> nn.Module:
    """Give the module whose backward pass averages gradients over the processes.

    Parameters
    ----------
    model : Module
        On the device; already shared out, or of equal weights everywhere (rank 0's win).
    device : torch.device
        Of this process.
    team : Team
        The processes.
    """
    if team.size == 1 or is_shared(model):
        return model
    return nn.parallel.DistributedDataParallel(
        model,
        device_ids=[device] if device.type == "cuda" else None,
        # Statistics of a BatchNorm that is trained are those of the first process, everywhere.
        forward_sync_buffers=learns_statistics(model),
        # A step without true boxes, or without auxiliary losses, leaves some parameters out.
        find_unused_parameters=True,
        gradient_as_bucket_view=True,
    )


def share_out(
    model: nn.Module, device: torch.device, team: Team, precision: str, outputs: Sequence[type] = ()
) -> None:
    """Let every process hold a part of each parameter, gradient and optimiser state (``fsdp``).

    The whole model is one unit: its layers are gone through by functions of ours and not by their own
    forward passes, and at 0.7 GB of weights (Swin-T) it is gradients and optimiser that are worth sharing.

    Parameters
    ----------
    model : Module
        On the device.
    device : torch.device
        Of this process.
    team : Team
        The processes.
    precision : str
        Of the passes.
    outputs : sequence of type
        Dataclasses that the model's forward pass returns.

    Raises
    ------
    EngineError
        In fp16, whose loss scale would have to be agreed on.
    """
    # Half a second, for who shares weights out.
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    if precision == "fp16":
        raise EngineError(
            "train.distributed_strategy=fsdp is not built for train.precision=fp16: use bf16, or ddp"
        )
    # Its outputs are views, which nobody changes in place.
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module")
    # It looks for tensors in what the model returns.
    for kind in outputs:
        if kind not in _pytree.SUPPORTED_NODES:
            _pytree.register_dataclass(kind)
    mesh = init_device_mesh(device.type, (team.size,))
    scalars = {parameter for parameter in model.parameters() if parameter.dim() == 0}
    fully_shard(model, mesh=mesh, reshard_after_forward=False, ignored_params=scalars)


def is_shared(model: nn.Module) -> bool:
    """Whether :func:`share_out` has been at a model."""
    return any(map(is_part, model.parameters()))


def is_part(value: object) -> TypeGuard[DTensor]:
    """Whether something is a part of a tensor; while none is shared out, torch's module stays away."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(value, module.DTensor)


def shared_like(part: DTensor, value: Tensor) -> Tensor:
    """Share a whole tensor out as the one is that a part belongs to; all processes must call."""
    from torch.distributed.tensor import distribute_tensor  # loaded by now: there is a part

    return distribute_tensor(value.to(part.device), part.device_mesh, part.placements)


def equal_weights(model: nn.Module, team: Team) -> None:
    """Give every process the first one's weights and buffers; all must call."""
    if team.size > 1:
        for tensor in (*model.parameters(), *model.buffers()):
            distributed.broadcast(tensor.detach(), src=0)


def learns_statistics(model: nn.Module) -> bool:
    """Whether a BatchNorm of the model follows the pictures that it sees while training."""
    return any(isinstance(module, _BatchNorm) and module.training for module in model.modules())


def equal_buffers(model: nn.Module, team: Team) -> None:
    """Give every process the first one's statistics, where they follow the pictures; all must call."""
    if team.size > 1 and learns_statistics(model):
        for buffer in model.buffers():
            distributed.broadcast(buffer, src=0)


def average_scalars(model: nn.Module, team: Team) -> None:
    """Average the gradients of single numbers, which cannot be shared out and stay whole everywhere."""
    if team.size == 1 or not is_shared(model):
        return
    for parameter in trained(model):
        if parameter.dim() == 0 and parameter.grad is not None:
            distributed.all_reduce(parameter.grad)
            parameter.grad /= team.size


@contextmanager
def gathered(model: nn.Module) -> Iterator[None]:
    """Have all weights in every process for the length of a block, without a gradient; all must enter."""
    if not is_shared(model):
        yield
        return
    from torch.distributed.fsdp import FSDPModule  # loaded by now: the weights are shared out

    assert isinstance(model, FSDPModule)
    model.unshard()
    try:
        yield
    finally:
        model.reshard()


def whole(values: object) -> Any:
    """A state of model or optimiser with every shared tensor put together; all processes must call."""
    if isinstance(values, dict):
        return {name: whole(value) for name, value in values.items()}
    return values.full_tensor() if is_part(values) else values


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimiser's state that :func:`whole` has made, sharing it out where parameters are."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def fitted(parameter: object, value: object) -> object:
        if is_part(parameter) and isinstance(value, Tensor) and value.shape == parameter.shape:
            return shared_like(parameter, value)
        return value

    shared = {
        number: {name: fitted(parameters[number], value) for name, value in values.items()}
        for number, values in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": shared})
