"""``skillbank skills [QUERY]``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

import typer

from skillbank.cli import drawing, options, terminal
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from skillbank.bank.skill import Skill
    from skillbank.runtime import Runtime


_MOST = 20
"""Skills that a search shows."""


def skills(
    query: Annotated[str | None, typer.Argument(help="Words to search for.")] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """List the skills of all banks, or search them: a weak hit only shares words with the query."""
    with options.open_runtime(banks) as runtime:
        hits, note, found = [], "", list(runtime.library.skills)
        if query:
            hits, note = runtime.search(query, _MOST + 1), runtime.search_note(query)
            found = [hit.skill for hit in hits[:_MOST]]
        listed = [_entry(skill, runtime) for skill in found]
        for entry, hit in zip(listed, hits, strict=False):
            entry["weak"] = not hit.strong
        diagnostics = [{"skill": s.qualified, **d.document()} for s, d in runtime.library.diagnostics]
    more = len(hits) > _MOST
    if as_json:
        said = {**({"more": True} if more else {}), **({"note": note} if note else {})}
        options.print_json({"skills": listed, **said, "diagnostics": diagnostics})
        return
    if listed:
        terminal.show(_table(listed, searched=bool(query)))
    else:
        terminal.say(f"No skill fits '{one_line(query)}'; 'skillbank skills' lists them all.")
    bad = sum(1 for d in diagnostics if d["severity"] == "error")
    for sentence in _remarks(listed, more, note, bad):
        terminal.say(sentence)


def _remarks(listed: list[Listed], more: bool, note: str, bad: int) -> Iterator[str]:
    """Yield what there is to know of what was found, ``bad`` being the errors in skill files."""
    if listed and all(entry.get("weak") for entry in listed):
        yield "Weak hits only share words with the query; no skill says that it is for this."
    if more:
        yield f"These are the best {_MOST}; more skills share words with the query."
    if note:
        yield f"Note: {note}."
    if bad and listed:
        yield f"{bad} error{'s' if bad > 1 else ''} in skill files; --json lists them."


def _table(listed: list[Listed], *, searched: bool) -> Table:
    fit = ["fit"] if searched else []
    made = drawing.table("skill", *fit, "bank", "actions", "the skill says what it is for", padding=(0, 1))
    made.columns[0].no_wrap = True
    for entry in listed:
        names = dict.fromkeys(str(a["name"]) for a in entry["actions"])
        made.add_row(
            f"{entry['name']} (deprecated)" if entry["deprecated"] else entry["name"],
            *(["weak" if entry["weak"] else "strong"] if searched else []),
            ", ".join([entry["bank"], *entry["also_in"]]),
            ", ".join(names) or "(to read)",
            _short(entry["description"]),
        )
    return made


class Listed(TypedDict):
    """A skill of the list; ``weak`` is one that was searched for and only shares words with the query."""

    name: str
    bank: str
    also_in: list[str]
    description: str
    version: str | None
    tags: list[str]
    deprecated: bool
    automl_enabled: bool
    actions: list[dict[str, str | None]]
    trust: object
    weak: NotRequired[bool]


def _entry(skill: Skill, runtime: Runtime) -> Listed:
    return {
        "name": skill.name,
        "bank": skill.bank,
        "also_in": list(runtime.library.also_in(skill)),
        "description": skill.frontmatter.description,
        "version": skill.frontmatter.version,
        "tags": list(skill.frontmatter.tags),
        "deprecated": bool(skill.frontmatter.lifecycle.deprecated),
        "automl_enabled": skill.info.automl_enabled,
        "actions": [{"name": a.name, "variant": a.variant} for a in skill.actions],
        "trust": runtime.trust_of(skill, signer=False),
    }


def _short(text: str) -> str:
    first = text.split(". ")[0]
    return first if len(first) <= 110 else f"{first[:107]}..."
