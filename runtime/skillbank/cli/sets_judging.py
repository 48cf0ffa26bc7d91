"""``skillbank sets audit``, ``accept``, ``learn`` and ``thresholds``: what is reviewed says of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import drawing, options, terminal
from skillbank.cli.person import person
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.sets import learning

if TYPE_CHECKING:
    from skillbank.sets.label_set import LabelSet
    from skillbank.sets.standing import SetSummary
    from skillbank.sets.thresholds import Suggestion

__all__ = ["Name", "accept_rest", "audit_set", "learn_from", "thresholds_of"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="A label set.")]
Target = Annotated[
    float,
    typer.Option("--target", min=0.5, max=0.999, help="Least share of right boxes, and of objects with one."),
]
_TARGET = 0.95


def audit_set(
    name: Name,
    target: Target = _TARGET,
    as_json: options.Json = False,
) -> None:
    """Say by a reviewed random sample whether the rest of a set may be accepted unseen."""
    with options.open_runtime(None) as runtime:
        labels = runtime.sets.open(name)
        found, names = labels.audit(target=target), {c.number: c.name for c in labels.classes(gone=True)}
    if as_json:
        options.print_json(asdict(found))
        return
    rows = drawing.table("class", "right of the boxes", "found of the objects")
    for called, each in (*((names[n], rates) for n, rates in found.classes.items()), ("all", found.overall)):
        cells = [
            f"{share.hits:,} of {share.of:,} ({share.low:.0%} to {share.high:.0%})" if share.of else "-"
            for share in (each.precision, each.recall)
        ]
        rows.add_row(one_line(called, 60), *cells)
    terminal.show(rows)
    accepting = _accepting(name, target)
    more = f": about {found.more:,} more pictures of it would say" if found.more else ""
    if not found.pictures:
        terminal.say(
            "nobody knows yet whether the rest may be accepted unseen: no picture of the random sample is "
            f"reviewed{' since the latest model looked or the set learned' if found.earlier else ''}; the "
            f"Audit of skillbank review {name} asks for them"
        )
        return
    terminal.say(
        f"in a random sample of {found.pictures:,} reviewed pictures, "
        + {
            "yes": f"both are above {target:.0%}: the rest may be accepted unseen ({accepting})",
            "no": f"one is below {target:.0%}: the rest should be reviewed",
            "more": f"too little is known to say that both are above {target:.0%}{more}",
        }[found.verdict]
    )


def _accepting(name: str, target: float) -> str:
    said = "" if target == _TARGET else f" --target {target:g}"
    return f"skillbank sets accept {name}{said}"


def accept_rest(
    name: Name,
    target: Target = _TARGET,
    as_json: options.Json = False,
) -> None:
    """Accept the rest unseen, where the audit says that it may be; nobody has reviewed it then.

    Pictures that the latest model has not looked at, those that somebody is at, and those with proposals of
    no run stay to do. An undo on the page of skillbank review takes it back.
    """
    with options.open_runtime(None) as runtime:
        done = runtime.sets.open(name).accept_rest(person(), target=target)
    if as_json:
        options.print_json({"set": name, **asdict(done)})
        return
    if done.pictures:
        terminal.say(
            f"{name}: {done.pictures:,} pictures with {done.boxes:,} boxes are accepted unseen; nobody has "
            f"reviewed them (with them: skillbank sets export {name} --accepted)"
        )
    else:
        terminal.say(f"{name}: there is no picture to do of which the audit speaks")
    if done.left:
        terminal.say(
            f"{done.left:,} stay to do: the latest model has not looked at them, somebody is reviewing them, "
            f"or they show proposals of no run (skillbank label --into {name})"
        )


def learn_from(
    name: Name,
    off: Annotated[bool, typer.Option("--off", help="Scores say again what is shown.")] = False,
    as_json: options.Json = False,
) -> None:
    """Let what people decide say what is shown of the rest, without the model (L on the page).

    It is learned at once if enough is reviewed, and again as more is; no decision changes.
    """
    with options.open_runtime(None) as runtime:
        labels = runtime.sets.open(name)
        labels.learn(not off, person())
        stands, runs = labels.summary(), labels.runs()
    learned = runs[-1].learned if runs else None
    if as_json:
        options.print_json({"set": name, "learns": stands.learns, "learned": learned, **_shown(stands)})
    elif off:
        terminal.say(f"{name}: scores and thresholds say what is shown")
    elif not runs:
        terminal.say(f"{name} learns once a model has looked at it: skillbank label --into {name}")
    elif learned is None:
        terminal.say(
            f"{name} learns once {learning.FEWEST} pictures are reviewed that the latest model has looked "
            "at, with right and wrong boxes in them"
        )
    else:
        terminal.say(
            f"{name} has learned from {learned:,} reviewed pictures; {_shown(stands)['proposed']:,} boxes "
            "are shown of the rest, and a threshold that somebody sets counts for its class"
        )


def _shown(stands: SetSummary) -> dict[str, int]:
    counts = stands.classes
    return {
        "proposed": sum(each.proposed for each in counts),
        "candidates": sum(each.candidates for each in counts),
    }


def _set_thresholds(labels: LabelSet, found: Mapping[int, Suggestion]) -> None:
    for number, each in found.items():
        labels.set_threshold(number, each.threshold, person(), run=each.run)


def _show_thresholds(found: Mapping[str, Suggestion]) -> None:
    rows = drawing.table("class", "threshold", "right", "found", "proposals")
    for name, each in found.items():
        shares = f"{each.threshold:.3f}", f"{each.precision:.0%}", f"{each.recall:.0%}", f"{each.n:,}"
        rows.add_row(one_line(name, 60), *shares)
    terminal.show(rows)


def thresholds_of(
    name: Name,
    apply: Annotated[bool, typer.Option("--apply", help="Set them; proposals are shown anew.")] = False,
    as_json: options.Json = False,
) -> None:
    """Suggest a threshold for each class, for the latest run, from what was reviewed.

    It counts for that run's proposals alone; a decision of a person never changes. Exit 1 where --apply has
    nothing to set.
    """
    with options.open_runtime(None) as runtime:
        labels = runtime.sets.open(name)
        names = {c.number: c for c in labels.classes()}
        found = {number: each for number, each in labels.suggest_thresholds().items() if number in names}
        if apply:
            _set_thresholds(labels, found)
        runs = labels.runs()
    models = {run.number: run.model for run in runs}
    by_name = {names[number].name: each for number, each in found.items()}
    said = {name: {**asdict(each), "model": models[each.run]} for name, each in by_name.items()}
    if as_json:
        options.print_json({"set": name, "applied": apply and bool(said), "thresholds": said})
    elif not said:
        terminal.say(
            "Too few proposals of the latest run are reviewed to suggest a threshold; ten of a class will do."
        )
    else:
        _show_thresholds(by_name)
        run = next(iter(found.values())).run
        terminal.say(
            f"for the model {one_line(models[run], 60)} (run {run}): proposals of others keep theirs"
        )
        terminal.say("they are set" if apply else f"set them with: skillbank sets thresholds {name} --apply")
        if runs[-1].learned is not None:
            terminal.say(
                "the set has learned what to show, which counts before what is suggested: it does once "
                f"learning is off (skillbank sets learn {name} --off)"
            )
    if apply and not said:
        raise typer.Exit(1)
