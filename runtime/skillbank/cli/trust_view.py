"""What ``skillbank trust`` shows: a bank, what it can start, and what has changed, one thing on a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from skillbank.errors import a_few
from skillbank.visible import one_line, visible

if TYPE_CHECKING:
    from skillbank.trust.decisions import Decision
    from skillbank.trust.look import Difference, Look
    from skillbank.trust.reach import Start

__all__ = ["decision_line", "difference_lines", "look_lines"]

_HEADINGS = {
    "command": "commands that its actions start",
    "settle": "commands that say what a program makes of its values, before a search",
    "schema_source": "commands that print schemas",
    "image": "images that they run in",
    "variable": "variables that they are handed",
    "link": "links that are fetched",
    "address": "addresses that programs are given",
}
_KINDS = {
    "command": ("command", "commands"),
    "settle": ("settling command", "settling commands"),
    "schema_source": ("command for schemas", "commands for schemas"),
    "image": ("image", "images"),
    "variable": ("variable", "variables"),
    "link": ("link", "links"),
    "address": ("address", "addresses"),
}
_ACTION = "<action>"
_LONGEST = 8000
"""Characters of a command: a longer one never starts."""
_BEGIN, _END = 5000, 2500
_SKILLS = 6
_ACTIONS = 12
_FILES = 40
_CHANGES = 200


def look_lines(seen: Look) -> Iterator[str]:
    """Yield what there is to be known of a bank before it is trusted."""
    yield f"bank      {one_line(seen.bank)}"
    yield f"folder    {one_line(seen.root, 400)}"
    if seen.source.address != seen.root:
        yield f"from      {one_line(seen.source.address, 400)}"
    if seen.source.commit:
        yield f"commit    {one_line(seen.source.commit)}"
    yield f"digest    {seen.digest}"
    yield f"signed    {_signed(seen)}"
    names = [one_line(name, 60) for name in seen.skills.values()]
    yield f"skills    {len(names)}: {a_few(names, _SKILLS)}; {len(seen.files)} files"
    for sentence in seen.strange:
        yield f"mind      {sentence}"
    for kind, heading in _HEADINGS.items():
        starts = [s for s in seen.starts if s.kind == kind]
        if not starts:
            if kind == "command":
                yield "It starts no command: its skills are to be read."
            continue
        yield ""
        yield f"{heading}:"
        yield from _grouped(starts, seen)
    yield ""
    yield _summary(seen.starts)


def _summary(starts: tuple[Start, ...]) -> str:
    """Return what was shown in one line, which no text above it can push away."""
    texts = {kind: {s.text for s in starts if s.kind == kind} for kind in _HEADINGS}
    counts = [f"{len(found)} {_KINDS[kind][len(found) != 1]}" for kind, found in texts.items() if found]
    long = sum(len(visible(s.strip())) > _LONGEST for found in texts.values() for s in found)
    cut = f"; {long} of these texts shown in part, whole in --json" if long else ""
    return f"in all: {', '.join(counts) or 'nothing that is started'}{cut}"


def _signed(seen: Look) -> str:
    if not seen.signers:
        return "by nobody whom you have pinned"
    who = sorted(set(seen.signers.values()))
    return f"by {a_few([one_line(w) for w in who], 3)}: {len(seen.signers)} of {len(seen.skills)} skills"


def _grouped(starts: Iterable[Start], seen: Look) -> Iterator[str]:
    """Yield each text once, with the actions and skills that it is of."""
    starts = list(starts)
    # Of many actions not all are named; then none of them may stand for a word of its command.
    many = {s for s, n in Counter(start.skill for start in starts).items() if n > _ACTIONS}
    groups: dict[tuple[str, tuple[str, ...]], dict[str, list[str]]] = {}
    for start in starts:
        key = (start.text if start.skill in many else _general(start), seen.remarks(start))
        groups.setdefault(key, {}).setdefault(start.skill, []).append(start.where)
    for (text, remarks), skills in groups.items():
        yield from _text(text, "  | ")
        actions: dict[tuple[str, ...], list[str]] = {}
        for skill, wheres in skills.items():
            actions.setdefault(tuple(wheres), []).append(_skill(skill))
        for places, named in actions.items():
            where = a_few([one_line(p) for p in dict.fromkeys(places) if p != text], _ACTIONS)
            yield f"      {where}{' of ' if where else 'of '}{a_few(named, _SKILLS)}"
        for remark in remarks:
            yield f"      mind: {one_line(remark, 300)}"


def _general(start: Start) -> str:
    """Return a command with its action's name left open, so that those that differ in it alone are one."""
    action = start.where.partition(" ")[0]
    if start.kind != "command" or _ACTION in start.text or "\n" in start.text.strip() or not action:
        return start.text
    return re.sub(rf"(?<![\w./-]){re.escape(action)}(?![\w./-])", _ACTION, start.text)


def _skill(folder: str) -> str:
    return one_line(PurePosixPath(folder).name or folder, 60)


def _text(text: str, indent: str) -> Iterator[str]:
    """Yield a text with nothing hidden, on lines of its own; of a very long one its beginning and end."""
    shown = visible(text.strip())
    if len(shown) > _LONGEST:
        left_out = len(shown) - _BEGIN - _END
        shown = f"{shown[:_BEGIN]}\n[{left_out:,} more characters, all of them in --json]\n{shown[-_END:]}"
    for line in shown.split("\n"):
        yield f"{indent}{line}"


def difference_lines(changed: Difference, seen: Look, before: Decision) -> Iterator[str]:
    """Yield what has changed in a bank since it was trusted, and nothing else of it."""
    yield f"bank      {one_line(seen.bank)}"
    yield f"folder    {one_line(seen.root, 400)}"
    yield f"digest    {seen.digest}, was {before.digest[:12]} when it was trusted on {before.when:%Y-%m-%d}"
    if before.commit != seen.source.commit:
        yield f"commit    {one_line(seen.source.commit or 'none')}, was {one_line(before.commit or 'none')}"
    now = tuple(sorted(set(seen.signers.values())))
    if now != before.signers:
        was = a_few([one_line(s) for s in before.signers], 3) or "nobody"
        yield f"signed    {_signed(seen)}; was by {was}"
    for sentence in seen.strange:
        yield f"mind      {sentence}"
    yield ""
    if changed.starts:
        yield "what it can start has changed:"
        for old, new in changed.starts[:_CHANGES]:
            yield from _change(old, new, seen)
        if len(changed.starts) > _CHANGES:
            yield f"  and {len(changed.starts) - _CHANGES} more changes, all of them in --json"
    else:
        yield "No command, image, variable or link has changed."
    for kind, files in changed.files.items():
        listed = [f"{one_line(path, 120)} ({change})" for path, change in files]
        yield f"{kind} files: {a_few(listed, _FILES)}"


def _change(old: Start | None, new: Start | None, seen: Look) -> Iterator[str]:
    start = new or old
    if start is None:
        return
    yield f"  {start.kind} {one_line(start.where)} of {_skill(start.skill)}"
    if old is not None:
        yield from _text(old.text, "    - | ")
    if new is not None:
        yield from _text(new.text, "    + | ")
        for remark in seen.remarks(new):
            yield f"      mind: {one_line(remark, 300)}"


def decision_line(decision: Decision) -> str:
    """Return a decision on one line."""
    commit = f", commit {one_line(decision.commit, 12)}" if decision.commit else ""
    signed = f", signed by {a_few([one_line(s) for s in decision.signers], 3)}" if decision.signers else ""
    return (
        f"{one_line(decision.bank)} at {one_line(decision.root, 400)}: digest {decision.digest[:12]}"
        f"{commit}{signed}, trusted {decision.when:%Y-%m-%d %H:%M} UTC"
    )
