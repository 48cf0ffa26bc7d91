"""The report as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from skillbank.automl.report.data import clock
from skillbank.visible import visible_values

if TYPE_CHECKING:
    from skillbank.automl.report.data import ReportData

__all__ = ["MARK", "render_page"]

MARK = '<meta name="generator" content="skillbank: report of a search">'
"""Stands near the beginning of every such page."""

_HERE = Path(__file__).parent


def render_page(data: ReportData) -> str:
    """Return the page of a report's data (see `skillbank.automl.report.data`).

    All text comes from skills, programs and users, so all of it is escaped; the script gets its data as JSON
    in which no tag can begin.
    """
    data = visible_values(data)
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"short": _short, "clock": clock}
    states = Counter(str(trial["state"]).lower() for trial in data["trials"])
    return environment.get_template("page.html.j2").render(
        d=data,
        mark=Markup(MARK),
        best=next((t for t in data["trials"] if t["number"] == data["best"]), None),
        counts=", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none",
        json=Markup(json.dumps(data).replace("<", "\\u003c")),
        css=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        js=Markup((_HERE / "page.js").read_text(encoding="utf-8")),
    )


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
