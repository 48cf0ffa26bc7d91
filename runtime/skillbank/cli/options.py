"""Options that several commands share, and how they become requests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
Pretrained = Annotated[
    str | None, typer.Option("--pretrained", metavar="URI", help="A pretrained model to start from.")
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


def open_runtime(banks: list[str] | None) -> Runtime:
    """Return the runtime of this command."""
    from skillbank.runtime import Runtime

    return Runtime(banks or ())


def build_requests(
    runtime: Runtime, text: str | None, skill: str | None, actions: list[str] | None, **options: Any
) -> tuple[list[Request], list[str]]:
    """Merge plain words and options into requests; options win over words.

    Returns
    -------
    requests
        One for each action of the chain.
    notes
        Sentences about how the words were read.
    """
    from skillbank.errors import UsageError
    from skillbank.plan.request import Request, concerns, parse_data, parse_settings

    notes: list[str] = []
    if text is not None:
        reading = runtime.read(text if skill is None else f"{text} with {skill}")
        requests = list(reading.requests)
        notes += reading.notes
        if reading.not_understood:
            notes.append(f"not understood and ignored: {', '.join(reading.not_understood)}")
        if actions:
            requests = [requests[0].model_copy(update={"action": a}) for a in actions]
    elif skill is not None and actions:
        requests = [Request(skill=skill, action=action) for action in actions]
    else:
        raise UsageError(
            'Say what you want: skillbank plan "train Grounding DINO on DATA", or --skill and --action.'
        )
    known = {a.name for a in runtime.library.get(requests[0].skill).actions}
    data, settings = parse_data(options["data"] or ()), parse_settings(options["settings"] or ())
    named = {d.source for d in data}
    merged = []
    for i, request in enumerate(requests):
        own = [s for s in settings if concerns(s.key, request.action, len(requests), known)]
        keys = {s.key for s in own}
        update: dict[str, Any] = {
            "data": (*(d for d in request.data if d.source not in named), *data),
            "settings": (*(s for s in request.settings if s.key not in keys), *own),
        }
        for name in ("variant", "platform", "gpus", "nodes", "results_root", "image"):
            if options.get(name) is not None:
                update[name] = options[name]
        if i == 0:
            update |= {k: options[k] for k in ("parent", "pretrained") if options.get(k) is not None}
        if options.get("automl") is not None:
            update |= {"automl": options["automl"], "automl_source": "--automl"}
        merged.append(Request.model_validate({**request.model_dump(), **update}))
    return merged, notes


def print_json(document: Any) -> None:
    """Print one JSON document."""
    import json

    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")
