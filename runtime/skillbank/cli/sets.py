"""``skillbank sets``: label sets listed, shown, written in any format, taken in, backed up, removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from skillbank.cli import compare, data_copying, data_options, options, terminal
from skillbank.cli.person import person
from skillbank.cli.sets_judging import Name, accept_rest, audit_set, learn_from, thresholds_of
from skillbank.cli.sets_views import document, list_view, set_view
from skillbank.datasets.placing import Placement
from skillbank.errors import NotApprovedError, UsageError, a_few
from skillbank.home import cache_dir, pictures_dir
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.jobs import set_export
    from skillbank.sets import backup, importing, incoming, store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer._click.core import Context  # typer gives it no public name

    from skillbank.sets.importing import Imported

_SHOW = "show"
_SHARE = 0.2
"""Of a new set, of the pictures that go to validation where nothing is said."""
_MOST_NAMED = 5
"""So many pictures that are left out, and new classes, are named on the terminal; the JSON names all."""


class _SetOrCommand(TyperGroup):
    """``skillbank sets signs`` shows a set, and ``skillbank sets`` all of them."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the command's name in front where a set is named without it."""
        plain = next((each for each in args if not each.startswith("-")), None)
        if not {"--help", "-h"} & set(args) and (plain is None or plain not in self.commands):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_SetOrCommand)
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
        terminal.show(list_view(found) if name is None else set_view(found[0]))


@app.command("export")
def export_set(
    name: Name,
    output: data_copying.Output,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="odvg, coco, yolo, voc, labelme or csv.")
    ] = "coco",
    unreviewed: Annotated[
        bool,
        typer.Option(
            "--unreviewed", help="Also pictures nobody has reviewed, with the boxes that are shown."
        ),
    ] = False,
    accepted: Annotated[
        bool,
        typer.Option("--accepted", help="Also pictures accepted unseen, in val too: labels that nobody saw."),
    ] = False,
    pictures: data_copying.PicturesOption = Placement.LINK,
    as_json: options.Json = False,
) -> None:
    """Write the reviewed pictures of a set with their boxes in a format, into a new folder, with splits."""
    with options.open_runtime(None) as runtime, data_options.steps() as report:
        labels = runtime.sets.open(name)
        copy = set_export.export_set(
            labels, to, output, unreviewed=unreviewed, accepted=accepted, pictures=pictures, report=report
        )
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
        float | None,
        typer.Option(
            "--val", metavar="SHARE", help="Of a new set: share of pictures to validate on [default: 0.2]"
        ),
    ] = None,
    form: data_options.Format = "",
    as_json: options.Json = False,
) -> None:
    """Take a data set of any format, or pictures alone, into a label set; pictures stay where they lie."""
    store.checked_name(into)
    data = incoming.incoming(data_options.open_data(place, form), cache_dir())
    with options.open_runtime(None) as runtime:
        sets = runtime.sets
        if into in sets and val is not None:
            raise UsageError(
                f"--val {val:g} is the share of a new set, and {into} is there: its pictures are dealt as "
                "when it was made; leave --val out, or import into another set."
            )
        is_new = into not in sets
        labels = (
            sets.create(into, val=_SHARE if val is None else val, who=person()) if is_new else sets.open(into)
        )
        before = labels.version()
        try:
            found = importing.import_data(
                labels,
                data,
                person(),
                to_review=to_review,
                cache=cache_dir(),
                keep=pictures_dir(),
                place=place,
            )
        except BaseException:
            # Nothing has come into it, neither of this nor of what somebody else did there meanwhile.
            if is_new and labels.version() == before:
                sets.remove(into, person())
            raise
    added, notes = found.added, list(found.notes)
    if val is not None and found.divided:
        notes.append(
            f"{found.divided:,} pictures are of a split of the data set and stay in it; --val {val:g} deals "
            "those that are of none, now and later"
        )
    if as_json:
        options.print_json(
            {"set": into, "new": len(added.new), "known": len(added.known), "moved": len(added.moved)}
            | {"boxes": found.boxes, "left": found.left, "classes": list(found.classes)}
            | {"left_out": [{"image": name, "message": why} for name, why in found.unread]}
            | {"notes": [*(each.sentence for each in added.widened), *notes]}
        )
        return
    _say_imported(into, found, notes)


def _say_imported(into: str, found: Imported, notes: Sequence[str]) -> None:
    """Say what has come into a set, what is another now, and what was left out."""
    added = found.added
    there = len(added.known) + len(added.moved)
    terminal.say(
        f"{into}: {len(added.new):,} pictures and {found.boxes:,} boxes are new"
        + (f", {there:,} pictures were there" if there else "")
    )
    if found.classes:
        named = a_few([one_line(name, 100) for name in found.classes], _MOST_NAMED)
        terminal.say(f"classes that it did not have: {named}")
    widened = (each.sentence for each in added.widened)
    for sentence in (*widened, *notes, *importing.counts(found.left.items())):
        terminal.say(sentence)
    if found.unread:
        terminal.say(a_few([f"{one_line(name, 200)} ({why})" for name, why in found.unread], _MOST_NAMED))
    terminal.say(f"review it with: skillbank review {into}")


app.command("audit")(audit_set)
app.command("accept")(accept_rest)
app.command("learn")(learn_from)
app.command("thresholds")(thresholds_of)


app.command("report")(compare.report)


@app.command("backup")
def backup_set(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="A new file.")],
    as_json: options.Json = False,
) -> None:
    """Write what is known of a set into one file: classes, boxes, decisions, the log; not the pictures."""
    with options.open_runtime(None) as runtime:
        rows = backup.backup(runtime.sets.open(name), output)
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
    with options.open_runtime(None) as runtime:
        stands = backup.restore(runtime.sets, file, name).summary()
    if as_json:
        options.print_json(document(stands))
    else:
        terminal.show(set_view(stands))


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
    """Forget a set with all decisions in it; pictures stay where they lie (see skillbank clean)."""
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
        terminal.say(
            f"removed {name}; its pictures are where they were (those that were kept out of archives "
            "skillbank clean removes)"
        )
