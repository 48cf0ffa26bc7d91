"""Rules on documents that cost too much to read, and on lists that no longer fit their files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from skillbank.bank.yaml_anchors import MAX_ALIASED
from skillbank.trust.audit.evidence import Evidence, File
from skillbank.trust.audit.finding import Hit, hit_in, rule
from skillbank.trust.audit.linear import linear

__all__ = ["explodes"]

_PATTERNS = frozenset({"pattern", "regex", "regexp", "match", "patterns"})
_MAY_HOLD_PATTERNS = linear(r"pattern|regex|match|\\\\[ux]")
"""A key of a pattern, or an escape that may stand for a letter of one."""
_LONGEST_PATTERN = 2000
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@rule(
    "cost-pattern", "HIGH", "bugs", "A pattern takes ages on some texts",
    "Write it without repetition inside of repetition.",
)  # fmt: skip
def patterns(evidence: Evidence) -> Iterator[Hit]:
    """Find patterns of schemas and of errors that explode."""
    for file in evidence.files:
        if not (file.is_info or file.name.startswith("schemas/")):
            continue
        if not _MAY_HOLD_PATTERNS.search(file.text):
            continue  # The places of fields cost far more than one look through the text.
        for field in file.fields:
            if field.key in _PATTERNS and isinstance(field.value, str):
                if explodes(field.value):
                    yield hit_in(file, field, "one repetition stands inside of another", field.value)
                elif len(field.value) > _LONGEST_PATTERN:
                    yield hit_in(
                        file, field, f"the pattern has {len(field.value)} characters", field.value, "MEDIUM"
                    )


class _Group:
    """A group of a pattern that is being read: its tokens by branches, and which of them are repeated."""

    __slots__ = ("branches", "repeated")

    def __init__(self) -> None:
        self.repeated: list[str] = []
        self.branches: list[list[str]] = [[]]

    @property
    def ambiguous(self) -> bool:
        """Whether one text can be taken in several ways when this group is repeated."""
        if len(self.branches) > 1:
            return bool(self.repeated) or _overlap(self.branches)
        return bool(self.repeated) and not self._is_parted()

    def _is_parted(self) -> bool:
        """Whether a letter that nothing repeated takes begins or ends the group: ``(-[a-z]+)*`` is harmless."""
        tokens = self.branches[0]
        ends = (tokens[:1], tokens[-1:])
        return any(_is_letter(end) and not any(_takes(r, end) for r in self.repeated) for end in ends)


def _is_letter(end: list[str]) -> bool:
    """Whether a piece of a pattern is one letter that stands for itself."""
    return len(end) == 1 and ((len(end[0]) == 1 and end[0] != ".") or bool(re.fullmatch(r"\\[^\w]", end[0])))


def _takes(repeated: str, end: list[str]) -> bool:
    """Whether a repeated piece of a pattern takes a letter; what is not a single piece takes everything."""
    letter = end[0][-1]
    if len(repeated) > 1 and repeated[0] not in "[\\":
        return True
    try:
        return re.fullmatch(repeated, letter) is not None
    except re.error:
        return True


_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P?<\w+>|P?[:=!>]|<[=!]|[aiLmsux-]+[:)])|[()|]|[*+][?+]?"
    r"|\{\d*(?:,\d*)?\}[?+]?|\?[?+]?|.",
    re.DOTALL,
)
_MANY = re.compile(r"[*+]|\{\d*,\}|\{\d*,?\d{2,}\}|\{\d+,\d{2,}\}")


def explodes(pattern: str) -> bool:
    """Whether a pattern repeats what repeats, or repeats a choice that one text can take in two ways."""
    groups = [_Group()]
    closed: _Group | None = None
    wild = 0
    for token in _TOKEN.findall(pattern[:20000]):
        here = groups[-1]
        last, closed = closed, None
        if token.startswith("(") and not token.endswith(")"):
            groups.append(_Group())
        elif token == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1].repeated += closed.repeated
            groups[-1].branches[-1].append("()")
        elif token == "|":
            here.branches.append([])
        elif _MANY.match(token):
            if last is not None and last.ambiguous:
                return True
            piece = here.branches[-1].pop() if here.branches[-1] else "."
            here.branches[-1].append(f"{piece}*")
            here.repeated.append(piece)
            wild += piece == "."
        elif token.startswith(("?", "{")) and here.branches[-1]:
            here.branches[-1][-1] += "?"
        else:
            here.branches[-1].append(token)
    return wild > 6


def _overlap(branches: list[list[str]]) -> bool:
    firsts = ["".join(branch[:1]).rstrip("*?") for branch in branches]
    return len(set(firsts)) < len(firsts) or "." in firsts or {"\\w", "\\d"} <= set(firsts)


@rule(
    "cost-aliases", "HIGH", "bugs", "A document grows without end when its aliases are filled in",
    "Write it out; a skill's files need no nested aliases.",
)  # fmt: skip
def aliases(evidence: Evidence) -> Iterator[Hit]:
    """Find documents whose aliases stand for very much."""
    for file in evidence.texts:
        if file.suffix in (".yaml", ".yml") and "*" in file.text and "&" in file.text:
            size = _expanded(file.text)
            if size > MAX_ALIASED:
                yield Hit(
                    file.name,
                    f"its aliases stand for {'more than ' if size >= 10**15 else ''}{min(size, 10**15)} nodes.",
                )


def _expanded(text: str) -> int:
    """Count the nodes of a document with all aliases filled in, without filling them in."""
    sizes: dict[str | None, int] = {}
    open_: list[tuple[str | None, int]] = []
    total = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append((event.anchor, 1))
                continue
            if isinstance(event, yaml.CollectionEndEvent):
                anchor, size = open_.pop()
            elif isinstance(event, yaml.ScalarEvent):
                anchor, size = event.anchor, 1
            elif isinstance(event, yaml.AliasEvent):
                anchor, size = None, sizes.get(event.anchor, 1)
            else:
                continue
            if anchor is not None:
                sizes[anchor] = size
            if open_:
                open_[-1] = (open_[-1][0], min(open_[-1][1] + size, 10**15))
            else:
                total = max(total, size)
    except (yaml.YAMLError, ValueError, IndexError):
        return max([total, *(s for _, s in open_)])
    return total


_TAG = re.compile(
    r"!!python/|!python/|!!ruby/|!!java|!<tag:yaml\.org,2002:python|!!js/|!ruby/|!!com\.|!!org\.|tag:yaml\.org,2002:(?:python|js|java)"
)


@rule(
    "document-tag", "HIGH", "execution", "A document asks its reader to make objects",
    "Remove the tag; skillbank does not read it, other programs may run it.",
)  # fmt: skip
def tags(evidence: Evidence) -> Iterator[Hit]:
    """Find YAML tags that run code in careless readers."""
    for file in evidence.texts:
        match = _TAG.search(file.text) if file.suffix in (".yaml", ".yml", ".md") else None
        if match:
            line = file.text.count("\n", 0, match.start()) + 1
            yield Hit(
                file.name,
                "this tag makes objects, and so runs code.",
                line,
                excerpt=file.lines[line - 1],
                level=None if file.suffix != ".md" else "MEDIUM",
            )


@rule(
    "document-value", "MEDIUM", "bugs", "A value is far longer than any number or name",
    "Write the value that is meant.",
)  # fmt: skip
def values(evidence: Evidence) -> Iterator[Hit]:
    """Find numbers that take long to read."""
    for file in evidence.files:
        if not file.is_document or not file.is_text:
            continue
        for match in linear(r"\b\d[\d_]{300,}|\b\d+(?::\d+){60,}").finditer(file.text):
            line = file.text.count("\n", 0, match.start()) + 1
            yield Hit(file.name, f"a number of {len(match[0])} characters.", line, excerpt=match[0])


@rule(
    "stale-list", "MEDIUM", "bugs", "A list of files does not fit the files",
    "Run 'skillbank manifest build', or ask who changed them.",
)  # fmt: skip
def stale(evidence: Evidence) -> Iterator[Hit]:
    """Find digests of manifests that are not those of the files."""
    by_name = {f.name: f for f in evidence.files}
    for name, listed in _lists(evidence, by_name):
        for path, digest in listed.items():
            file = by_name.get(path)
            if (
                isinstance(digest, str)
                and re.fullmatch(r"[0-9a-f]{64}", digest)
                and (file is None or (file.digest and file.digest != digest))
            ):
                gone = "is not there" if file is None else "has changed"
                yield Hit(
                    path if file is not None else name, f"{name} lists {path}, which {gone}.", excerpt=digest
                )


def _lists(evidence: Evidence, by_name: dict[str, File]) -> Iterator[tuple[str, dict[str, object]]]:
    own = by_name.get("schemas/manifest.json")
    document = own.parsed[0] if own is not None else None
    actions = document.get("actions") if isinstance(document, dict) else None
    for action in actions.values() if isinstance(actions, dict) else ():
        if isinstance(action, dict) and isinstance(action.get("sha256"), dict):
            yield "schemas/manifest.json", action["sha256"]
    listed = evidence.listed
    if listed is not None:
        yield "the bank's manifest.json", {k: v for k, v in listed.items() if "__pycache__" not in k}
        for file in evidence.files:
            if file.kind == "file" and file.name not in listed and "__pycache__" not in file.name:
                # A file that the list does not name is one that somebody added.
                yield "the bank's manifest.json", {file.name: "0" * 64}
