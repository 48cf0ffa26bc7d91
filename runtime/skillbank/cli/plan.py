"""``skillbank plan``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options


def plan(
    text: options.Text = None,
    skill: options.SkillName = None,
    action: options.Actions = None,
    variant: options.Variant = None,
    data: options.Data = None,
    settings: options.Settings = None,
    parent: options.ParentJob = None,
    pretrained: options.Pretrained = None,
    automl: options.AutoML = None,
    platform: options.PlatformName = None,
    image: options.Image = None,
    gpus: options.Gpus = None,
    nodes: options.Nodes = None,
    results_root: options.ResultsRoot = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Where each value of the spec comes from.")
    ] = False,
    reader: options.Reader = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Compile a request into a plan and show it; nothing is started."""
    with options.open_runtime(banks, reader) as runtime:
        requests, notes = options.build_requests(
            runtime, text, skill, action, variant=variant, data=data, settings=settings, parent=parent,
            pretrained=pretrained, automl=automl, platform=platform, gpus=gpus, nodes=nodes,
            results_root=results_root, image=image,
        )  # fmt: skip
        plans = runtime.plan(requests)
    if as_json:
        documents = [p.document() for p in plans]
        options.print_json(documents[0] if len(documents) == 1 else {"plans": documents})
    else:
        from skillbank.cli.present import console, plan_view

        out = console()
        for each in plans:
            out.print(plan_view(each, notes, explain))
    if any(p.questions for p in plans):
        raise typer.Exit(3)
