"""Options that several commands share, and how they become requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from skillbank.cli import terminal

if TYPE_CHECKING:
    from skillbank.plan.request import Request
    from skillbank.runtime import Runtime

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout and nothing else.")]
Banks = Annotated[
    list[str] | None, typer.Option("--bank", metavar="DIR", help="A folder of skills; may be repeated.")
]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, its first letters, or 'last'.")]

Text = Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What you want, in plain words.")]
SkillName = Annotated[str | None, typer.Option("--skill", help="The skill, instead of plain words.")]
Actions = Annotated[
    list[str] | None, typer.Option("--action", help="The action; repeat it for a chain (train, evaluate).")
]
Variant = Annotated[str | None, typer.Option("--variant", help="The action's variant, e.g. deploy.")]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="ROLE=URI", help="Where data lies: train=..., eval=..., inference=..."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A spec value, dotted or a shorthand (num_epochs=20)."),
]
ParentJob = Annotated[
    str | None, typer.Option("--parent", metavar="JOB", help="The job whose model is used; 'last' works.")
]
Checkpoint = Annotated[
    str, typer.Option("--checkpoint", metavar="best|latest|EPOCH", help="Which model of the parent is used.")
]
DetectorModel = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        "--model",
        metavar="FILE|DIR|JOB|NAME",
        help="A model's file or folder, a train job ('last:train'), or a name on the model hub "
        "[default: IDEA-Research/grounding-dino-tiny]",
    ),
]
Pretrained = Annotated[
    str | None, typer.Option("--pretrained", metavar="URI", help="A pretrained model to start from.")
]
Reader = Annotated[
    str | None, typer.Option("--reader", help="Who reads TEXT: rules, or llm (checked by the rules).")
]
AutoML = Annotated[str | None, typer.Option("--automl", metavar="auto|on|off", help="AutoML for this run.")]
PlatformName = Annotated[
    str | None, typer.Option("--platform", help="Where it runs: local, docker, slurm, kubernetes.")
]
Image = Annotated[
    str | None, typer.Option("--image", metavar="URI", help="A container image in place of the skill's own.")
]
Gpus = Annotated[int | None, typer.Option("--gpus", help="Number of GPUs; 0 runs on the CPU.")]
Nodes = Annotated[int | None, typer.Option("--nodes", help="Number of nodes.")]
ResultsRoot = Annotated[
    str | None, typer.Option("--results-root", metavar="DIR|s3://", help="Where results are written.")
]


def open_runtime(banks: list[str] | None, reader: str | None = None) -> Runtime:
    """Return the runtime of this command."""
    from skillbank.runtime import Runtime

    runtime = Runtime(banks or (), reader=reader)
    for note in runtime.notes:
        terminal.say(f"note: {note}", err=True)
    return runtime


def build_requests(
    runtime: Runtime, text: str | None, skill: str | None, actions: list[str] | None, **options: Any
) -> tuple[list[Request], list[str]]:
    """Merge plain words and options into requests; see `skillbank.plan.composition.compose`."""
    from skillbank.plan.composition import compose

    return compose(runtime, text, skill, actions, **options)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    terminal.document(document)
