"""Evaluate's page: the numbers by class, what was taken for what, and the worst pictures, in one file."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from skillbank_engine.exchange import Confusion, Looked, Metrics
from skillbank_engine.results import write_text

PAGE = "report.html"
"""Name of the file, beside ``metrics.json``."""
MOST_PICTURES = 12
_MOST_CLASSES = 30
_MOST_PAIRS = 15
_WIDTH = 960
_LONGEST = 200
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
table { border-collapse: collapse; font-size: 13px; } .card { overflow-x: auto; margin-bottom: 20px; }
th { text-align: left; font-weight: 560; color: var(--soft); } td, th { padding: 4px 12px 4px 0; }
td.number, th.number { text-align: right; } td.right, td.wrong { font-weight: 640; }
td.wrong { color: var(--wait); }
.worst { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 18px; }
.worst img { width: 100%; border-radius: 8px; display: block; }
.worst figcaption { font-size: 13px; overflow-wrap: anywhere; }
"""


def write_page(folder: Path, title: str, checkpoint: str, images: int, metrics: Metrics) -> None:
    """Write ``report.html``: one file, with its pictures in it, that asks nobody for anything.

    Parameters
    ----------
    folder : Path
        The results folder.
    title : str
        Of the family.
    checkpoint : str
        What was measured.
    images : int
        On how many pictures.
    metrics : Metrics
        What was found.
    """
    # The look of skillbank's other pages; a test holds the file to theirs.
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    parts = [*_numbers(metrics.per_class), *_confusion(metrics.confusion), *_pictures(metrics.worst)]
    write_text(
        folder / PAGE,
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{_shown(title)} · evaluation</title>
<style>{style}{_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{_shown(title)} · evaluation</h1>
<p class="place">{images:,} pictures · <code>{_shown(checkpoint)}</code></p>
<dl class="figures">
{"".join(f"<div><dt>{_shown(name)}</dt><dd>{value:.4g}</dd></div>" for name, value in metrics.values.items())}
</dl>
</header>
{"".join(parts)}
</main>
</body>
</html>
""",
    )


def _numbers(per_class: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    columns = list(dict.fromkeys(name for values in per_class.values() for name in values))
    if not columns:
        return
    rows = sorted(per_class.items(), key=lambda row: row[1].get(columns[0], 0.0))
    body = "".join(
        f"<tr><td>{_shown(name)}</td>"
        + "".join(f'<td class="number">{_number(values.get(column))}</td>' for column in columns)
        + "</tr>"
        for name, values in rows
    )
    head = "".join(f'<th class="number">{_shown(column)}</th>' for column in columns)
    yield _card("By class", "The worst first.", f"<table><tr><th>class</th>{head}</tr>{body}</table>")


def _confusion(confusion: Confusion | None) -> Iterator[str]:
    if confusion is None:
        return
    what = confusion.what.capitalize()
    if len(confusion.names) > _MOST_CLASSES:
        about, body = f"{what} that were taken for something else most often.", _confused_pairs(confusion)
    else:
        about, body = f"{what} by what they are (rows) and what was found.", _confusion_matrix(confusion)
    yield _card("What was taken for what", f"{about} {confusion.about}", f"<table>{body}</table>")


def _confused_pairs(confusion: Confusion) -> str:
    pairs = (
        (count, name, other)
        for name, row in zip(confusion.names, confusion.counts, strict=True)
        for other, count in zip(confusion.names, row, strict=True)
        if name != other and count
    )
    rows = "".join(
        f'<tr><td>{_shown(name)}</td><td>{_shown(other)}</td><td class="number">{count:,}</td></tr>'
        for count, name, other in sorted(pairs, key=lambda pair: -pair[0])[:_MOST_PAIRS]
    )
    return f'<tr><th>is</th><th>found</th><th class="number">{confusion.what}</th></tr>{rows}'


def _confusion_matrix(confusion: Confusion) -> str:
    head = "".join(f'<th class="number">{_shown(name)}</th>' for name in confusion.names)
    rows = "".join(
        f"<tr><th>{_shown(name)}</th>{''.join(_cell(count, a == b) for b, count in enumerate(row))}</tr>"
        for a, (name, row) in enumerate(zip(confusion.names, confusion.counts, strict=True))
    )
    return f"<tr><th></th>{head}</tr>{rows}"


def _cell(count: int, right: bool) -> str:
    kind = "right" if right else "wrong" if count else ""
    return f'<td class="number {kind}">{f"{count:,}" if count else ""}</td>'


def _pictures(worst: Sequence[Looked]) -> Iterator[str]:
    figures = "".join(
        f'<figure><img alt="{_shown(item.name)}" src="{_source(item.draw())}">'
        f"<figcaption><b>{_shown(item.name)}</b> {_shown(item.note)}</figcaption></figure>"
        for item in worst[:MOST_PICTURES]
    )
    if figures:
        yield _card("The worst pictures", "The worst first.", f'<div class="worst">{figures}</div>')


def _card(title: str, about: str, body: str) -> str:
    return f'<section class="card"><h2>{title}</h2><p class="about">{_shown(about)}</p>{body}</section>'


def _source(picture: Image.Image) -> str:
    picture = picture.convert("RGB")
    if picture.width > _WIDTH:
        picture = picture.resize((_WIDTH, round(picture.height * _WIDTH / picture.width)))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _shown(text: str) -> str:
    """Text of a data set: cut, without what cannot be seen, and nothing but text."""
    seen = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:_LONGEST])
    return escape("".join(seen))
