"""``skillbank sets``: label sets listed, shown, written in any format, taken in, backed up, removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from skillbank.cli import compare, data_copying, data_options, options, terminal
from skillbank.cli.person import person
from skillbank.datasets.placing import Placement
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.sets.model import SetSummary

_SHOW = "show"


class _SetOrCommand(TyperGroup):
    """``skillbank sets signs`` shows a set, and ``skillbank sets`` all of them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front where a set is named without it."""
        plain = next((each for each in args if not each.startswith("-")), None)
        if not {"--help", "-h"} & set(args) and (plain is None or plain not in self.commands):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_SetOrCommand,
    rich_markup_mode=None,
    help="List and show label sets (skillbank sets [NAME]); write, take in, back up, rename, remove them.",
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="A label set.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command(_SHOW)
def show(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A label set; by default all.")] = None,
    as_json: options.Json = False,
) -> None:
    """Say how label sets stand: pictures, what is reviewed, boxes by class, who reviewed how much."""
    with options.open_runtime(None) as runtime:
        if name is None:
            found = runtime.sets.list()
        else:
            labels = runtime.sets.open(name)
            found, digest = [labels.summary()], labels.digest()
    if as_json:
        documents = [document(each) for each in found]
        options.print_json({"sets": documents} if name is None else documents[0] | {"digest": digest})
    elif not found:
        terminal.say("No label set yet; make one with: skillbank label PICTURES DESCRIPTION --into NAME")
    else:
        terminal.show(_list_view(found) if name is None else _set_view(found[0]))


def document(stands: SetSummary) -> dict[str, Any]:
    """Return how a set stands as a JSON document."""
    from dataclasses import asdict

    return asdict(stands) | {"created": stands.created.isoformat()}


def _list_view(found: list[SetSummary]) -> RenderableType:
    from skillbank.cli.styled import table

    rows = table("set", "pictures", "reviewed", "to do", "boxes", "proposed", "classes")
    for column in rows.columns[1:6]:
        column.justify = "right"
    for each in found:
        decided = each.boxes.get("accepted", 0) + each.boxes.get("edited", 0)
        counts = (each.pictures, each.reviewed, each.todo, decided, each.boxes.get("proposed", 0))
        names = ", ".join(one_line(c.name, 30) for c in each.classes[:6])
        rows.add_row(each.name, *(f"{count:,}" for count in counts), names)
    return rows


def _set_view(stands: SetSummary) -> RenderableType:
    from rich.console import Group

    from skillbank.cli.styled import line, table

    rows = table("class", "accepted", "edited", "rejected", "proposed", "candidates")
    for column in rows.columns[1:]:
        column.justify = "right"
    for each in stands.classes:
        counts = (each.accepted, each.edited, each.rejected, each.proposed, each.candidates)
        rows.add_row(one_line(each.name, 60), *(f"{count:,}" for count in counts))
    parts: list[RenderableType] = [
        line(
            f"{stands.name}: {stands.reviewed:,} of {stands.pictures:,} pictures are reviewed "
            f"({stands.reviewed_train:,} train, {stands.reviewed_val:,} val), {stands.todo:,} to do, "
            f"{stands.skipped:,} skipped"
        ),
        rows,
    ]
    for person_ in stands.people:
        rate = f", {person_.reviewed / person_.seconds * 60:.1f} a minute" if person_.seconds else ""
        parts.append(line(f"{one_line(person_.name, 60)}: {person_.reviewed:,} pictures{rate}", "dim"))
    return Group(*parts)


@app.command("export")
def export_set(
    name: Name,
    output: data_copying.Output,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="odvg, coco, yolo, voc, cvat, label_studio, ...")
    ] = "coco",
    unreviewed: Annotated[
        bool,
        typer.Option(
            "--unreviewed", help="Also pictures nobody has reviewed, with the boxes that are shown."
        ),
    ] = False,
    pictures: data_copying.PicturesOption = Placement.LINK,
    as_json: options.Json = False,
) -> None:
    """Write the reviewed pictures of a set with their boxes in a format, into a new folder, with splits."""
    from skillbank.datasets.converting import convert
    from skillbank.datasets.copying import writer_of
    from skillbank.datasets.opening import Opened
    from skillbank.errors import DataError

    writer_of(to)
    with options.open_runtime(None) as runtime:
        from skillbank.jobs.set_files import lies

        data, tree = runtime.sets.open(name).data_set(reviewed_only=not unreviewed, lies=lies)
    if not tree.files:
        raise DataError(
            f"the label set {name} has no {'picture' if unreviewed else 'reviewed picture'} to write; "
            f"review some with skillbank review {name}, or take all with --unreviewed"
        )
    with data_options.steps() as report:
        copy = convert(
            Opened(tree, data), to, output, placement=pictures, place=f"set:{name}",
            made_by="skillbank sets export", report=report,
        )  # fmt: skip
    data_copying.tell(copy, as_json)


@app.command("import")
def import_set(
    place: data_options.Place,
    into: Annotated[str, typer.Option("--into", metavar="NAME", help="A label set; a new one is made.")],
    to_review: Annotated[
        bool,
        typer.Option("--to-review", help="Its boxes are proposals to be reviewed; else they are accepted."),
    ] = False,
    val: Annotated[
        float, typer.Option("--val", metavar="SHARE", help="Of a new set: share of pictures to validate on.")
    ] = 0.2,
    form: data_options.Format = "",
    as_json: options.Json = False,
) -> None:
    """Take an existing data set of any format into a label set; pictures stay where they lie."""
    from skillbank.home import cache_dir, pictures_dir
    from skillbank.sets.importing import counts, import_data
    from skillbank.sets.store import checked_name

    checked_name(into)
    opened = data_options.open_data(place, form)
    with options.open_runtime(None) as runtime:
        sets = runtime.sets
        labels = sets.open(into) if into in sets else sets.create(into, val=val, who=person())
        found = import_data(
            labels, opened, person(), to_review=to_review, cache=cache_dir(), keep=pictures_dir()
        )
    added = found.added
    if as_json:
        options.print_json(
            {"set": into, "new": len(added.new), "known": len(added.known), "moved": len(added.moved)}
            | {"boxes": found.boxes, "left": found.left}
        )
        return
    terminal.say(
        f"{into}: {len(added.new):,} pictures and {found.boxes:,} boxes are new"
        + (f", {len(added.known) + len(added.moved):,} pictures were there" if added.known else "")
    )
    for sentence in counts(found.left.items()):
        terminal.say(sentence)
    terminal.say(f"review it with: skillbank review {into}")


@app.command("audit")
def audit_set(
    name: Name,
    target: Annotated[
        float, typer.Option("--target", help="Least share of right boxes, and of objects that have one.")
    ] = 0.95,
    as_json: options.Json = False,
) -> None:
    """Say by a reviewed random sample whether the rest of a set may be accepted unseen."""
    from dataclasses import asdict

    from skillbank.cli.styled import table

    with options.open_runtime(None) as runtime:
        labels = runtime.sets.open(name)
        found, names = labels.audit(target=target), {c.number: c.name for c in labels.classes(gone=True)}
    if as_json:
        options.print_json(asdict(found))
        return
    rows = table("class", "right of the boxes", "found of the objects")
    for called, each in (*((names[n], rates) for n, rates in found.classes.items()), ("all", found.overall)):
        cells = [
            f"{share.hits:,} of {share.of:,} ({share.low:.0%} to {share.high:.0%})"
            for share in (each.precision, each.recall)
        ]
        rows.add_row(one_line(called, 60), *cells)
    terminal.show(rows)
    more = f": about {found.more:,} more pictures of it would say" if found.more else ""
    terminal.say(
        f"in a random sample of {found.pictures:,} reviewed pictures, "
        + {
            "yes": f"both are above {target:.0%}: the rest may be accepted unseen",
            "no": f"one is below {target:.0%}: the rest should be reviewed",
            "more": f"too little is known of {target:.0%}{more}",
        }[found.verdict]
    )


@app.command("thresholds")
def thresholds_of(
    name: Name,
    apply: Annotated[bool, typer.Option("--apply", help="Set them; proposals are shown anew.")] = False,
    as_json: options.Json = False,
) -> None:
    """Suggest a threshold for each class from what was reviewed; a decision of a person never changes."""
    from dataclasses import asdict

    from skillbank.cli.styled import table

    with options.open_runtime(None) as runtime:
        labels = runtime.sets.open(name)
        names = {c.number: c for c in labels.classes()}
        found = {number: each for number, each in labels.suggest_thresholds().items() if number in names}
        for number, each in found.items() if apply else ():
            labels.set_threshold(number, each.threshold, person())
    said = {names[number].name: asdict(each) for number, each in found.items()}
    if as_json:
        options.print_json({"set": name, "applied": apply, "thresholds": said})
    elif not said:
        terminal.say("Too few proposals are reviewed to suggest a threshold; ten of a class are enough.")
    else:
        rows = table("class", "threshold", "right", "found", "proposals")
        for number, each in found.items():
            shares = f"{each.threshold:.3f}", f"{each.precision:.0%}", f"{each.recall:.0%}", f"{each.n:,}"
            rows.add_row(one_line(names[number].name, 60), *shares)
        terminal.show(rows)
        terminal.say("they are set" if apply else f"set them with: skillbank sets thresholds {name} --apply")


app.command("report")(compare.report)


@app.command("backup")
def backup_set(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A new file.")],
    as_json: options.Json = False,
) -> None:
    """Write what is known of a set into one file: classes, boxes, decisions, the log; not the pictures."""
    from skillbank.sets.backup import backup

    with options.open_runtime(None) as runtime:
        rows = backup(runtime.sets.open(name), output)
    if as_json:
        options.print_json({"set": name, "file": str(output.absolute()), "rows": rows})
    else:
        terminal.say(f"written {output}; its pictures stay where they lie and belong to your own backup")


@app.command("restore")
def restore_set(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What skillbank sets backup has written.")],
    name: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Another name for it.")] = None,
    as_json: options.Json = False,
) -> None:
    """Make a set anew from its backup; one of the same name is never replaced."""
    from skillbank.sets.backup import restore

    with options.open_runtime(None) as runtime:
        stands = restore(runtime.sets, file, name).summary()
    if as_json:
        options.print_json(document(stands))
    else:
        terminal.show(_set_view(stands))


@app.command("rename")
def rename_set(
    name: Name,
    to: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    as_json: options.Json = False,
) -> None:
    """Give a set another name; plans that name it by the old one do not find it any more."""
    with options.open_runtime(None) as runtime:
        runtime.sets.rename(name, to, person())
    if as_json:
        options.print_json({"set": to, "was": name})
    else:
        terminal.say(f"{name} is {to} now")


@app.command("remove")
def remove_set(name: Name, yes: Yes = False, as_json: options.Json = False) -> None:
    """Forget a set with all decisions in it; pictures stay where they lie."""
    from skillbank.errors import NotApprovedError

    with options.open_runtime(None) as runtime:
        stands = runtime.sets.open(name).summary()
        what = f"the label set {name} ({stands.pictures:,} pictures, {stands.reviewed:,} of them reviewed)"
        if not yes:
            if as_json or not terminal.answering():
                raise NotApprovedError(f"removing {what} is asked for; repeat it with --yes")
            if not terminal.ask(f"Remove {what} with all decisions? skillbank sets backup keeps them."):
                raise NotApprovedError(f"{what} was not removed")
        runtime.sets.remove(name, person())
    if as_json:
        options.print_json({"removed": name})
    else:
        terminal.say(f"removed {name}; its pictures are where they were")
