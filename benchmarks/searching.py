"""How often a search of skills names the skill that a prompt is about, first and among the first three.

Run it as ``python benchmarks/searching.py [BANK ...]``; ``--json`` gives one document. A bank is a folder of
skills with prompts in ``evals/evals.json`` (a list, or ``{"evals": [...]}``, of documents with ``prompt``,
``question`` or ``request``; ``expected_skill`` says which skill where it is not the folder's own). Without a
bank the skills beside the repository answer the prompts of ``searching.yaml``, and their own.

Beside the search stand what a cut at its strong hits would leave, and one BM25 score of the whole text. Where
there are several banks, the prompts of each are put to the others, where every strong hit is a wrong one.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from skillbank.bank.discovery import Library
from skillbank.bank.home import bank_root
from skillbank.bank.search import SearchIndex
from skillbank.bank.skill import Skill

CORPUS = bank_root().parent / "shared" / "corpus" / "bank"
PROMPTS = Path(__file__).with_name("searching.yaml")
Ranking = Callable[[str], list[str]]


@dataclass(frozen=True)
class Prompts:
    """A bank's skills, and what people ask with the name of the skill that is meant."""

    name: str
    skills: Sequence[Skill]
    asked: Sequence[tuple[str, str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("banks", nargs="*", type=Path, metavar="BANK")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    args = parser.parse_args()
    sets = [of_bank(bank) for bank in args.banks] or beside()
    if not sets:
        print(f"There is no bank to search: name one that has prompts, or lay one at {CORPUS}.")
        return 0
    rows = [row for prompts in sets for row in measured(prompts)]
    foreign = [put_to(a, b) for a in args.banks and sets for b in sets if a is not b]
    if args.json:
        print(json.dumps({"rankings": rows, "foreign": foreign}, indent=2))
        return 0
    for row in rows:
        print(
            f"{row['bank']:16} {row['skills']:5} skills {row['prompts']:5} prompts  {row['ranking']:28}"
            f" first {row['first']:6.1%}  first three {row['three']:6.1%}  nothing {row['nothing']:4}"
            f"  {row['ms']:6.2f} ms"
        )
    for row in foreign:
        print(f"{row['prompts']} prompts of {row['of']} put to {row['bank']}: {row['strong']} strong hits")
    return 0


def beside() -> list[Prompts]:
    """Read the skills beside the repository; none where there are none."""
    if not CORPUS.is_dir():
        return []
    return [
        Prompts("vision models", Library([CORPUS], own=False).skills, own_prompts()),
        of_bank(CORPUS.parent),
    ]


def of_bank(folder: Path) -> Prompts:
    """Read the prompts that the skills of a bank bring along."""
    skills = Library([folder], own=False).skills
    asked = [pair for skill in skills for pair in of_skill(skill)]
    return Prompts(folder.name, skills, asked)


def of_skill(skill: Skill) -> list[tuple[str, str]]:
    """Return a skill's prompts, each with the skill that is meant; one that means no skill is left out."""
    file = skill.root / "evals" / "evals.json"
    if not file.is_file():
        return []
    document = json.loads(file.read_text(encoding="utf-8"))
    cases: list[dict[str, Any]] = document["evals"] if isinstance(document, dict) else document
    read = (
        (next((case[k] for k in ("prompt", "question", "request") if case.get(k)), ""), case)
        for case in cases
    )
    return [
        (text, meant) for text, case in read if text and (meant := case.get("expected_skill", skill.name))
    ]


def own_prompts() -> list[tuple[str, str]]:
    document: dict[str, list[str]] = yaml.safe_load(PROMPTS.read_text(encoding="utf-8"))
    return [(text, name) for name, texts in document.items() for text in texts]


def measured(prompts: Prompts) -> list[dict[str, Any]]:
    """Measure every ranking over a bank."""
    index = SearchIndex(prompts.skills)
    index.search("of")  # it is made at the first question
    rankings: dict[str, Ranking] = {
        "search": lambda text: [hit.skill.name for hit in index.search(text)],
        "cut at its strong hits": lambda text: [hit.skill.name for hit in index.strong(text)],
        "one BM25 of the whole text": plain_ranking(prompts.skills),
    }
    rows = []
    for name, ranking in rankings.items():
        start = time.process_time()
        answers = [(ranking(text)[:3], meant) for text, meant in prompts.asked]
        taken = time.process_time() - start
        count = max(1, len(answers))
        rows.append(
            {
                "bank": prompts.name, "skills": len(prompts.skills), "prompts": len(answers), "ranking": name,
                "first": sum(found[:1] == [meant] for found, meant in answers) / count,
                "three": sum(meant in found for found, meant in answers) / count,
                "nothing": sum(not found for found, _ in answers),
                "ms": 1000 * taken / count,
            }
        )  # fmt: skip
    index.close()
    return rows


def plain_ranking(skills: Sequence[Skill]) -> Ranking:
    """Return what BM25 alone says of name, description and body as one text."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE skill USING fts5(text, tokenize='porter')")
    texts = (f"{s.name} {s.frontmatter.description} {s.frontmatter.body}" for s in skills)
    db.executemany("INSERT INTO skill(rowid, text) VALUES (?, ?)", enumerate(texts))

    def ranking(text: str) -> list[str]:
        words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
        query = "SELECT rowid FROM skill WHERE skill MATCH ? ORDER BY bm25(skill), rowid LIMIT 10"
        return [skills[row].name for (row,) in db.execute(query, (match,))] if match else []

    return ranking


def put_to(asking: Prompts, asked: Prompts) -> dict[str, Any]:
    """Count the prompts about other skills for which a bank claims to have one."""
    index = SearchIndex(asked.skills)
    strong = sum(bool(index.strong(text)) for text, _ in asking.asked)
    index.close()
    return {"of": asking.name, "bank": asked.name, "prompts": len(asking.asked), "strong": strong}


if __name__ == "__main__":
    sys.exit(main())
