"""What a parameter's name says about its values: scale, and where a search is worthwhile.

Schemas of this family bound a learning rate by 0 and 1. Its name says more: it lives on a logarithmic scale,
around the default. This guides a search where nobody has said; what is allowed at all say the limits of the
schema (`skillbank.bank.limits`), for a user's range as for a user's value.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_INF = math.inf


@dataclass(frozen=True)
class Meaning:
    """Limits and habits of one kind of parameter.

    Attributes
    ----------
    floor, ceiling
        What a search does not leave of its own accord, ``(value, open)``.
    log
        Whether it is searched on a logarithmic scale.
    typical
        Where a search is worthwhile when neither schema nor user says; None derives it from the default.
    around
        Without better knowledge the range goes this factor below and above the default.
    """

    floor: tuple[float, bool] = (-_INF, False)
    ceiling: tuple[float, bool] = (_INF, False)
    log: bool = False
    typical: tuple[float, float] | None = None
    around: float = 4.0


_MEANINGS: tuple[tuple[str, Meaning], ...] = (
    (r"lr_(mult|linear_proj_mult)|\w*(backbone|lr)_(multiplier|mult|ratio)",
     Meaning((0.0, True), log=True, around=10.0)),
    (r"lr_decay|layer_decay_rate|(optim\.)gamma", Meaning((0.0, True), (1.0, False), typical=(0.01, 1.0))),
    (r"(\w+_)?(lr|learning_rate)(_(backbone|base|head|init|encoder|text|vision|min|max|clip))?|lr\d?",
     Meaning((0.0, True), log=True, around=100.0)),
    (r"(\w+_)?(weight_decay|wd|l2(_reg)?)",
     Meaning((0.0, False), log=True, typical=(1e-6, 1e-1), around=100.0)),
    (r"momentum|beta_?1", Meaning(typical=(0.5, 0.99))),
    (r"beta_?2", Meaning(typical=(0.9, 0.9999))),
    (r"betas|moms", Meaning(typical=(0.5, 0.9999))),
    (r"(ema[._])decay|ema_momentum", Meaning(typical=(0.9, 0.9999))),
    (r"(\w+_)?(dropout|drop_?path|drop)(_(rate|ratio|prob|path))?", Meaning(typical=(0.0, 0.5))),
    (r"(\w+_)?(prob|probability)", Meaning(typical=(0.0, 1.0))),
    (r"(\w+_)?eps(ilon)?", Meaning((0.0, True), log=True, around=100.0)),
    (r"(\w+_)?(batch_size|num_epochs|epochs?|num_queries|(enc|dec|num)_layers)", Meaning((1.0, False))),
    (r"(num_)?workers|(\w+_)?(iters|steps?|warmup\w*)", Meaning((0.0, False))),
    (r"(\w+_)?(step_size|step_list|milestones)", Meaning((1.0, False))),
    (r"(\w+_)?(loss|cost)_?(coef|weight|class|bbox|giou)?|(\w+_)?(coef|coefficient)", Meaning((0.0, False))),
)  # fmt: skip


def meaning_of(key: str) -> Meaning:
    """Return what the last part of a dotted key says; for unknown names nothing is assumed."""
    parts = re.sub(r"\[\d+\]", "", key.lower()).split(".")
    leaf, pair = parts[-1], ".".join(parts[-2:])
    for pattern, meaning in _MEANINGS:
        if re.fullmatch(pattern, leaf) or re.fullmatch(pattern, pair):
            return meaning
    return Meaning()
