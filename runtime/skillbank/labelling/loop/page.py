"""A comparison as one HTML page that needs nothing else: no network, no other file, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank.sets.rounds import Round

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import skillbank.datasets
from skillbank.datasets.palette import colour
from skillbank.datasets.thumbnails import Thumbnail, thumbnails
from skillbank.errors import SkillbankError
from skillbank.labelling.loop.comparison import Compared, Measured, Split
from skillbank.sets.accuracy import Estimate
from skillbank.sets.geometry import inside
from skillbank.sets.model import Corners
from skillbank.visible import one_line

__all__ = ["MARK", "page"]

MARK = '<meta name="generator" content="skillbank compare">'
"""Stands near the beginning of every page made here, so that only such a page is written over."""
_HERE = Path(__file__).parent / "page"
_BASE = Path(skillbank.datasets.__file__).parent / "page" / "page.css"
_SIDE = 360
_NAME = 60
_WHAT = ("accepted", "edited", "added", "rejected")


def page(found: Compared, lies: Callable[[str], Path]) -> str:
    """Return the page; all text of the set is escaped, cut, and made visible."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    small = thumbnails([_path(each, lies) for each in found.apart], _SIDE).pictures
    names = {number: one_line(name, _NAME) or "(empty name)" for number, name in found.names().items()}
    shades = {each.number: colour(place) for place, each in enumerate(found.classes)}
    shown = found.models[-2:] if found.rounds is not None else found.models
    return environment.get_template("page.html.j2").render(
        mark=Markup(MARK),
        css=Markup(_BASE.read_text("utf-8") + (_HERE / "page.css").read_text("utf-8") + _images(small)),
        name=found.summary.name,
        version=metadata.version("skillbank"),
        summary=found.summary,
        pictures=found.pictures,
        objects=found.objects,
        notes=found.notes,
        rounds=None if found.rounds is None else [_round(each, names) for each in found.rounds],
        what=_WHAT,
        models=[_model(each, names) for each in found.models],
        class_names=[names[n] for n in _measured_classes(found.models)],
        differences=[_difference(*each) for each in found.differences()],
        shown=[one_line(each.name, _NAME) for each in shown],
        cards=[_card(each, n, small[n], names, shades) for n, each in enumerate(found.apart)],
        keys=[{"name": names[n], "colour": shades[n]} for n in _drawn_classes(found.apart)],
    )


def _path(each: Split, lies: Callable[[str], Path]) -> Path | None:
    try:
        return lies(each.row.place)
    except SkillbankError:
        return None  # the page shows the boxes without it


def _images(small: Sequence[Thumbnail | None]) -> str:
    """Return rules with the pictures, each once however often it is shown."""
    return "\n".join(
        f".i{n} {{ background-image: url({each.data_uri()}); }}" for n, each in enumerate(small) if each
    )


def _round(each: Round, names: Mapping[int, str]) -> dict[str, object]:
    total = each.total
    people = ", ".join(f"{one_line(who, _NAME)} {count:,}" for who, count in each.people.items())
    return {
        "title": one_line(each.model, _NAME) if each.run is not None else "before a model",
        "run": each.run,
        "started": f"{each.started:%Y-%m-%d %H:%M}",
        "reviewed": each.reviewed,
        "val": each.reviewed_val,
        "people": people,
        "seconds": _number(each.seconds_a_picture),
        "actions": _number(each.actions_a_picture),
        "counts": [getattr(total, what) for what in _WHAT],
        "classes": [
            {"name": names.get(number, str(number)), "counts": [getattr(of, what) for what in _WHAT]}
            for number, of in each.classes.items()
        ],
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _measured_classes(models: Sequence[Measured]) -> list[int]:
    return sorted({number for each in models for number in each.accuracy.classes})


def _drawn_classes(apart: Sequence[Split]) -> list[int]:
    shown = {box.class_number for each in apart for found in each.boxes for box in found}
    return sorted(shown | {truth.class_number for each in apart for truth in each.truth})


def _model(each: Measured, names: Mapping[int, str]) -> dict[str, object]:
    seen = each.accuracy
    return {
        "name": one_line(each.name, _NAME),
        "sha256": each.sha256[:12],
        "runs": ", ".join(map(str, each.runs)),
        "bars": [
            {"name": name, **_bar(value)}
            for name, value in (("mAP50", seen.map50), ("mAP", seen.map))
            if value
        ],
        "classes": {names[n]: f"{value:.2f}" for n, (value, _) in seen.classes.items()},
        "objects": {names[n]: objects for n, (_, objects) in seen.classes.items()},
    }


def _bar(value: Estimate) -> dict[str, object]:
    low, high = (round(100 * min(max(side, 0), 1), 2) for side in (value.low, value.high))
    return {
        "text": f"{value.value:.3f}",
        "interval": f"{value.low:.3f} to {value.high:.3f}",
        "value": round(100 * value.value, 2),
        "low": low,
        "wide": round(high - low, 2),
    }


def _difference(before: Measured, after: Measured, found: tuple[Estimate, Estimate]) -> str:
    one, other = (one_line(each.name, _NAME) for each in (before, after))
    said = []
    for name, each in zip(("mAP50", "mAP"), found, strict=True):
        sure = "" if each.low > 0 or each.high < 0 else ", which may be chance"
        said.append(f"{name} {each.value:+.3f} ({each.low:+.3f} to {each.high:+.3f}{sure})")
    return f"From {one} to {other}: {'; '.join(said)}."


def _card(
    each: Split, number: int, small: Thumbnail | None, names: Mapping[int, str], shades: Mapping[int, str]
) -> dict[str, object]:
    width, height = each.row.width, each.row.height

    def placed(class_number: int, box: Corners, title: str) -> dict[str, object] | None:
        cut = inside(box, width, height)
        if cut is None:
            return None
        left, top = 100 * cut[0] / width, 100 * cut[1] / height
        return {
            "left": round(left, 2),
            "top": round(top, 2),
            "width": round(100 * (cut[2] - cut[0]) / width, 2),
            "height": round(100 * (cut[3] - cut[1]) / height, 2),
            "colour": shades[class_number],
            "title": f"{names[class_number]}{title}",
        }

    truth = [made for t in each.truth if (made := placed(t.class_number, t.box, ""))]
    return {
        "name": one_line(each.row.name, _NAME),
        "apart": each.apart,
        "image": f"i{number}" if small else "",
        "ratio": round(min(max(width / height, 0.3), 4.0), 4),
        "truth": truth,
        "models": [
            [made for p in found if (made := placed(p.class_number, p.box, f" {p.score:.2f}"))]
            for found in each.boxes
        ],
    }
