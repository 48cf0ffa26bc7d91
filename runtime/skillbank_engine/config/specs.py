"""What a family says of its specs: their classes, what they need, the small recipe, and how a run is set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from pydantic import BaseModel

from skillbank_engine.config.blocks import SpecBase

if TYPE_CHECKING:
    from skillbank_engine.config.named import Named

SpecT = TypeVar("SpecT", bound=SpecBase)


@dataclass(frozen=True)
class RunSettings:
    """How a training is carried out, read from wherever a family's spec says it.

    Attributes
    ----------
    batch_size : int
        Pictures of one process and one pass.
    shuffle : bool
        Whether each epoch has an order of its own; else it is that of the data.
    workers : int
        Processes that load batches; 0 loads between the steps.
    pin_memory : bool
        Whether batches are loaded into memory that a GPU reads quickly.
    clip : float
        Largest L2 norm of all gradients; 0 for any.
    precision : str
        ``fp32``, ``bf16`` or ``fp16``.
    strategy : str
        ``ddp`` or ``fsdp``.
    freeze : tuple of str
        Prefixes of names that are not trained, as the family writes them.
    dry_run : bool
        Whether nothing is trained.
    start : dict of str to str
        Spec's key to value of what a new model takes weights from; the first is that of the whole model.
        Empty values name nothing.
    ema_decay : float
        See ``engine.ema_decay``; by a key of the family's own where it has one.
    early_stopping : int
        See ``engine.early_stopping``.
    accumulate : int
        See ``engine.accumulate``.
    """

    batch_size: int
    shuffle: bool = True
    workers: int = 0
    pin_memory: bool = False
    clip: float = 0.0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    strategy: Literal["ddp", "fsdp"] = "ddp"
    freeze: tuple[str, ...] = ()
    dry_run: bool = False
    start: Mapping[str, str] = field(default_factory=dict)
    ema_decay: float = 0.0
    early_stopping: int = 0
    accumulate: int = 1


@dataclass(frozen=True)
class Recipe(Generic[SpecT]):
    """The small profile: what learns on a laptop, where a spec still has the full-size defaults.

    Attributes
    ----------
    small : dict
        Dotted key to value.  Each takes the place of the family's default; what a spec sets to something
        else, or an override names, stays.
    full : callable
        Whether a spec for which no GPU is there is meant at full size all the same: it names weights to start
        from, or another network than the default; or somebody has named the default one.
    trained_with : tuple of str
        Keys of the ``engine`` block that belong to trained weights, like the model block.
    prepare : callable, optional
        Further values that a *train* spec gets once the profile is applied, dotted key to value; replaces
        defaults alone, like ``small``.
    prepared : str
        Why, for the line that says so.
    """

    small: Mapping[str, object]
    full: Callable[[SpecT, Named], bool]
    trained_with: tuple[str, ...] = ()
    prepare: Callable[[SpecT], Mapping[str, object]] | None = None
    prepared: str = "The model starts from random numbers"


def _nothing_to_say(_spec: SpecBase) -> Iterable[str]:
    return ()


def _nothing_to_refuse(_action: str, _spec: SpecBase) -> None:
    return None


@dataclass(frozen=True)
class Specs(Generic[SpecT]):
    """The specs of a family; ``families/<name>/config`` holds one, named ``SPECS_OF_FAMILY``.

    Attributes
    ----------
    arch : str
        Name of the family in its schemas, that of its program.
    title : str
        As people write it.
    by_action : dict
        Action to the class of its spec.  A block that is in some of them only (``evaluate``) may stand in the
        spec of every action: it is checked, and set aside where it does not belong.
    needed : dict
        Action to groups of dotted keys that it cannot run without; of keys in one group, one is enough.
    settings : callable
        Reads from a spec how a run is carried out.
    recipe : Recipe
        The small profile.
    warnings : callable
        Yields one sentence for each value of a spec that is often set by mistake, or not heeded beside
        another.
    refuse : callable
        Called with action and spec: raises `UnsupportedActionError` for a value that the embedded engine
        cannot honour and that would change the result.
    unheeded : dict
        Dotted key to why, of what the embedded engine does not heed and leaves the result as good: said in
        the log where a spec sets it (:mod:`.config.unheeded` has those of all families).
    not_what : frozenset of str
        Dotted keys of the family's own that decide on where and how fast a training is carried out, and leave
        its weights the same.
    chosen : dict
        Dotted key to value that the embedded engine trains with where a spec does not hold the key, in place
        of the family's default; the keys are in no template.
    recordable : bool
        What the family's task says of itself (`Task.recordable`).
    deploy : dict
        Action to values of its block in the spec of the deploy container, for the schemas.
    trains : tuple of str
        Actions that are trainings: beside "train" perhaps "distill".
    """

    arch: str
    title: str
    by_action: Mapping[str, type[SpecT]]
    needed: Mapping[str, tuple[tuple[str, ...], ...]]
    settings: Callable[[SpecT], RunSettings]
    recipe: Recipe[SpecT]
    warnings: Callable[[SpecT], Iterable[str]] = _nothing_to_say
    refuse: Callable[[str, SpecT], None] = _nothing_to_refuse
    unheeded: Mapping[str, str] = field(default_factory=dict)
    not_what: frozenset[str] = frozenset()
    chosen: Mapping[str, object] = field(default_factory=dict)
    recordable: bool = False
    deploy: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    trains: tuple[str, ...] = ("train",)

    def action_blocks(self) -> dict[str, type[BaseModel]]:
        """Blocks, by name, that the specs of some actions have and others lack."""
        kinds = [kind.model_fields for kind in self.by_action.values()]
        blocks: dict[str, type[BaseModel]] = {}
        for fields_of in kinds:
            for name, info in fields_of.items():
                block = info.annotation
                common = all(name in others for others in kinds)
                if not common and isinstance(block, type) and issubclass(block, BaseModel):
                    blocks.setdefault(name, block)
        return blocks

    def with_train(self, action: str) -> tuple[str, ...]:
        """Blocks of other actions that an action reads beside its own: a distillation is a training."""
        return ("train",) if action in self.trains else ()
