"""A family as somebody outside would write it: pictures told apart by their mean colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillbank_engine.family import ACTIONS, Family

if TYPE_CHECKING:
    from skillbank_engine.config.specs import Specs
    from skillbank_engine.task import Task
    from tests.engine.toy_family.config import ToySpec


def _specs() -> Specs[ToySpec]:
    from tests.engine.toy_family.config import TOY

    return TOY


def _task() -> type[Task[Any, Any, Any, Any]]:
    from tests.engine.toy_family.task import ColourTask

    return ColourTask


FAMILY = Family(
    name="toy",
    title="Toy",
    about="Toy: tell pictures apart by their mean colour.",
    specs=_specs,
    task=_task,
    latest="toy_model_latest.pth",
    metric="val_top1",
    actions={name: text for name, text in ACTIONS.items() if name != "gen_trt_engine"},
)
