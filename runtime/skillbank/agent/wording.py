"""Sentences written for the command line, said in the words of the tools; and texts kept short."""

from __future__ import annotations

import re

from skillbank.plan.slots import SLOTS

__all__ = ["in_tool_words", "shorten"]

_RULES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"--data (\w+)=(?:LOCATION|URI)", r"data with role '\1'"),
        (r"--data ROLE=URI", "data"),
        (r"--set KEY=(?:VALUE|PATH|FILE)", "settings"),
        (r"--set ([\w.\[\]]+)=(?:VALUE|PATH|FILE)", r"settings with key '\1'"),
        (r"--parent (?:a )?JOB", "parent"),
        (r"--set\b", "settings"),
        (r"skillbank status (\S+) --watch", r"job_status of \1 with wait_seconds"),
        (r"skillbank (status|logs|results) ([\w-]*\d[\w-]*|JOB)", r"job_\1 of \2"),
        (r"skillbank cancel ([\w-]*\d[\w-]*|JOB)", r"cancel_job of \1"),
        (r"skillbank show SKILL ACTION", "describe_action"),
        (r"; 'skillbank plan --check' looks now", ""),
        (r" \('skillbank run' looks, and takes one\)", "; name it as data"),
        (r"; 'skillbank data [^']*' with -o DIR writes into DIR itself", ""),
        (r"skillbank data convert\b", "tao-convert-dataset-format"),
        (r"skillbank run\b", "plan and launch"),
        (r"skillbank plan\b", "plan"),
        (r"skillbank skills", "search_skills"),
        (r"skillbank (?:jobs|experiments)", "list_jobs"),
        (r"skillbank label (\S+) --into (\S+)", r"label_image of \1 into \2"),
        (r"skillbank sets export\b", "label_set with export"),
        (r"skillbank sets\b", "label_set"),
        (r", or take all with --unreviewed", ", or export with unreviewed"),
        (r"--to takes", "export takes"),
        (r", or a caption that holds = in a file \(--classes\)", ""),
        (r"add --into SET", "give into"),
        (r" \('skillbank --help' [^)]*\)", ""),
        (r"skillbank label DIR --into\b", "label_image of DIR into"),
        (r"skillbank label\b", "label_image"),
    )
)  # fmt: skip
_OTHERS = ("data", "checkpoint", "retries", "skill", "action", "on-oom")
_OPTION = re.compile(rf"--({'|'.join((*(each.option[2:] for each in SLOTS), *_OTHERS))})(?![\w-])")
"""Options that are arguments of tools under their own names."""


def in_tool_words(sentence: str) -> str:
    """Return a sentence for an agent that has the tools and no terminal."""
    for pattern, words in _RULES:
        sentence = pattern.sub(words, sentence)
    return _OPTION.sub(lambda found: found[1].replace("-", "_"), sentence)


def shorten(text: str, longest: int) -> str:
    """Return a text on one line, cut at `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
