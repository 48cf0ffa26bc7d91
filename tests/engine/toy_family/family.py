"""A family as somebody outside would write it: pictures told apart by their mean colour."""

from __future__ import annotations

from skillbank_engine.family import ACTIONS, Family

FAMILY = Family(
    name="toy",
    title="Toy",
    about="Toy: tell pictures apart by their mean colour.",
    specs_at="tests.engine.toy_family.config:TOY",
    task_at="tests.engine.toy_family.task:ColourTask",
    latest="toy_model_latest.pth",
    metric="val_top1",
    actions={name: text for name, text in ACTIONS.items() if name != "gen_trt_engine"},
)
