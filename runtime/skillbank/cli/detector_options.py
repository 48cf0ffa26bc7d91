"""Options of the commands that look at pictures with a model."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.labelling.precision import KINDS, PRECISION

Model = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        "--model",
        metavar="FILE|DIR|JOB|NAME",
        help="A model's file or folder, a train job ('last:train'), or a name on the model hub "
        "[default: the one that the skill of the labelling program names]",
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        PRECISION.option,
        metavar="|".join(KINDS),
        help="In which arithmetic the model computes [default: fp32, and bf16 on a GPU that has it]",
    ),
]
