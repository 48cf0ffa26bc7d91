"""One action on a data set, from its spec to its results: the data set, report.json and report.md."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillbank.data_program.spec import CheckSpec, ConvertSpec, Spec, SplitSpec, load_spec
from skillbank.data_program.status import End, StatusLog, carried_out
from skillbank.data_program.told import check_told, copy_told
from skillbank.datasets.checking import check_data
from skillbank.datasets.converting import FaultsError, convert
from skillbank.datasets.copying import MANIFEST, Copy
from skillbank.datasets.dealing import By
from skillbank.datasets.document import Marks
from skillbank.datasets.faults import Severity
from skillbank.datasets.html import page
from skillbank.datasets.opening import Opened
from skillbank.datasets.placing import Placement
from skillbank.datasets.repairing import Mode
from skillbank.datasets.report import DataReport
from skillbank.datasets.showing import pictured, survey
from skillbank.datasets.splitting import Amount, split
from skillbank.errors import DataError
from skillbank.storage.data_place import open_data_place
from skillbank.visible import one_line
from skillbank.ways import Sentence, Way

__all__ = ["DATASET", "run"]

DATASET = "dataset"
"""The folder of the written data set, in the action's."""
_LONGEST = 2000
_KEYS = {
    "on-broken": "dataset.on_broken",
    "format": "dataset.format",
    "val": "split.val",
    "test": "split.test",
    "by": "split.by",
}
_PICTURES = 60
_SIDE = 480


@dataclass(frozen=True)
class _Place:
    """Where an action works: its results folder, and what belongs to its start alone."""

    folder: Path
    work: Path
    status: StatusLog
    opened: Opened


def run(action: str, spec_file: Path) -> int:
    """Run an action; return the exit status.

    Results go to ``results_dir/ACTION``; what ends it is said in its ``status.json`` and on standard error.

    Raises
    ------
    UsageError, SpecError
        When there is no such action or the spec is wrong, so that no results folder is known.
    """
    spec = load_spec(action, spec_file)
    folder = Path(spec.results_dir) / action
    work = folder / ".work"

    def act(status: StatusLog) -> End:
        try:
            shutil.rmtree(work, ignore_errors=True)  # left by a start that was killed
            opened = open_data_place(spec.dataset.place, work, form=spec.dataset.format)
            return _ACTIONS[type(spec)](_Place(folder, work, status, opened), spec)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    return carried_out(folder, f"{action} of {one_line(spec.dataset.place, 300)}", act, _in_keys)


def _in_keys(sentence: Sentence) -> str:
    """Say the ways out that are options of ``skillbank data`` as keys of the spec."""
    return "".join(_key(part) if isinstance(part, Way) else part for part in sentence.parts)


def _key(way: Way) -> str:
    if way.kind == "option" and way.name == "again":
        return "split.again=true"
    if way.kind == "command" or way.name not in _KEYS:
        return str(way)
    return f"{_KEYS[way.name]}={way.argument}" if way.argument else _KEYS[way.name]


def _check(at: _Place, spec: Spec) -> End:
    assert isinstance(spec, CheckSpec)
    report = check_data(
        at.opened,
        splits=spec.dataset.splits or None,
        decode=spec.check.decode,
        cache=at.work,
        report=at.status.step,
    )
    files = _written(at.folder, {"action": "check", **report.document()}, check_told(report))
    if spec.check.page:
        files.append(_page(at))
    counts = _found(report)
    holds = f"{_sum(report)}, {len(report.classes):,} class{'es' if len(report.classes) != 1 else ''}"
    if not report.has_errors:
        warned = f"{counts['warnings']:,.0f} warnings" if counts["warnings"] else "no warnings"
        return End(f"no errors and {warned} in {holds}; {files[1]} is the whole report", counts)
    told = f"{_errors(report)}; {files[1]} lists all; the data set has {holds}"
    return End(one_line(told, _LONGEST), counts, good=spec.check.on_errors == "report")


def _convert(at: _Place, spec: Spec) -> End:
    assert isinstance(spec, ConvertSpec)
    said = spec.convert
    return _copied(
        at,
        "convert",
        lambda: convert(
            at.opened,
            said.to,
            _fresh(at.folder),
            splits=spec.dataset.splits or None,
            placement=Placement(said.pictures),
            mode=_mode(spec.dataset.on_broken),
            decode=said.decode,
            made_by="skillbank data program convert",
            cache=at.work,
            report=at.status.step,
        ),
    )


def _split(at: _Place, spec: Spec) -> End:
    assert isinstance(spec, SplitSpec)
    said = spec.split
    if spec.dataset.splits:
        raise DataError(
            "dataset.splits names parts, and split divides one: name its folder as the data set instead"
        )
    return _copied(
        at,
        "split",
        lambda: split(
            at.opened,
            _fresh(at.folder),
            val=Amount.read(said.val, "split.val") if said.val else None,
            test=Amount.read(said.test, "split.test") if said.test else None,
            by=By(said.by),
            seed=said.seed,
            to=said.to,
            again=said.again,
            placement=Placement(said.pictures),
            mode=_mode(spec.dataset.on_broken),
            cache=at.work,
            report=at.status.step,
        ),
    )


_ACTIONS: Mapping[type[Spec], Callable[[_Place, Spec], End]] = {
    CheckSpec: _check,
    ConvertSpec: _convert,
    SplitSpec: _split,
}


def _copied(at: _Place, action: str, write: Callable[[], Copy]) -> End:
    """Write a data set, and say what was written; where its faults forbid it, report all of them."""
    try:
        copy = write()
    except FaultsError as error:
        report = error.report
        files = _written(at.folder, {"action": action, **report.document()}, check_told(report))
        told = (
            f"nothing was written: {_errors(report, error.kinds)}; {files[1]} lists all; "
            "dataset.on_broken=skip leaves out what can be left out"
        )
        return End(one_line(told, _LONGEST), _found(report), good=False)
    files = _written(at.folder, {"action": action, "ok": True, **copy.document()}, copy_told(copy))
    splits = "; ".join(
        f"{name or 'all'} {_counted(count.pictures, count.boxes, copy.marks)}"
        for name, count in copy.splits.items()
    )
    many = len(copy.classes)
    told = (
        f"{copy.format} with {many:,} class{'es' if many != 1 else ''} written to {copy.folder}: {splits}; "
        f"{files[1]} says what was mended and what could not be kept"
    )
    repairs: Mapping[str, Mapping[str, Any]] = copy.manifest.get("repairs", {})
    kpi = {
        "pictures": float(sum(count.pictures for count in copy.splits.values())),
        "boxes": float(sum(count.boxes for count in copy.splits.values())),
        "classes": float(many),
        "mended": float(sum(each["count"] for each in repairs.values())),
    }
    return End(one_line(told, _LONGEST), kpi)


def _mode(on_broken: str) -> Mode:
    return Mode.SKIP if on_broken == "skip" else Mode.PLAIN


def _fresh(folder: Path) -> Path:
    """Return where the data set goes; what an earlier start of this very job has written is written anew."""
    target = folder / DATASET
    if (target / MANIFEST).is_file():
        shutil.rmtree(target)
    return target


def _written(folder: Path, document: Mapping[str, object], told: str) -> list[Path]:
    """Write the two reports; return them."""
    files = [folder / "report.json", folder / "report.md"]
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    for file, content in zip(files, (text, told), strict=True):
        try:
            file.write_text(content, encoding="utf-8", errors="replace")
        except OSError as error:
            raise DataError(f"{file} cannot be written: {error.strerror}") from None
    return files


def _page(at: _Place) -> Path:
    file = at.folder / "dataset.html"
    shown = pictured(survey(at.opened, _PICTURES, report=at.status.step), _SIDE)
    try:
        file.write_text(page(shown), encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror}") from None
    return file


def _errors(report: DataReport, kinds: Collection[str] | None = None) -> str:
    """Return how many kinds of errors there are, and the first of them."""
    sentences = report.sentences(Severity.ERROR, 1, kinds=kinds)
    many = f"{len(sentences)} kinds of errors, first" if len(sentences) > 1 else "an error"
    return f"{many}: {sentences[0]}"


def _sum(report: DataReport) -> str:
    return "; ".join(
        f"{each.name or 'all'} {_counted(each.pictures, each.boxes, each.marks)}" for each in report.splits
    )


def _counted(pictures: int, boxes: int, marks: Marks) -> str:
    """What a split holds; boxes only where pictures bear such."""
    return f"{pictures:,} pictures" + (f", {boxes:,} boxes" if marks == "boxes" else "")


def _found(report: DataReport) -> dict[str, float]:
    """Return what a check counted, by names for a line of status."""
    by_severity = {
        f"{severity}s": float(sum(count for _, count, _ in report.tally.of(severity)))
        for severity in (Severity.ERROR, Severity.WARNING)
    }
    return {
        "pictures": float(sum(each.pictures for each in report.splits)),
        "boxes": float(sum(each.boxes for each in report.splits)),
        "classes": float(len(report.classes)),
        **by_severity,
    }
