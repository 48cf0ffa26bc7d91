"""From characters to tokens: places, quotes, keys, job ids and numbers are whole from the start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from skillbank.errors import UsageError
from skillbank.plan.language import documents
from skillbank.plan.language.tokens import Text, Token
from skillbank.plan.language.words import ACTION_NOUNS, ACTION_VERBS, forms
from skillbank.plan.request import clean_uri, parse_settings

_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u00b4", "'"),
        **dict.fromkeys("\u00a0\u200b\t\r", " "),
        **dict.fromkeys("\u2014\u2022", ","),
        "\u2013": "-",
        "\u2026": ".",
        "\u2028": "\n",
        "\u00d7": "x",
        "\u2192": ",",
    }
)
"""One character for one, so that positions stay."""

_FILE = r"[\w./-]*\w\.(?:pth|pt|ckpt|onnx|engine|plan|safetensors|tlt|hdf5|tar\.gz|tgz|tar|zip|txt|jsonl?)\b"
_PLACE = (
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s,;\"'`<>()]+|[A-Za-z]:\\[^\s,;\"'`<>()]+"
    r"|(?<![\w/.])(?:~|\.{1,2})?/(?!/)[^\s,;\"'`<>()]+|(?<![\w/.])\.{1,2}(?=[\s,;]|$)(?<=\son\s.)"
    rf"|(?<![\w/.-]){_FILE}|(?<![\w/.-])[\w.-]+/(?:[\w.-]+/?)*"
)
_KEY = r"[A-Za-z_]\w*(?:\[\d+\])?(?:\.[A-Za-z_]\w*(?:\[\d+\])?)+"
_VALUE = r"\[[^\]\n]*\]|\{[^}\n]*\}|\"[^\"\n]*\"|'[^'\n]*'|[^\s,;)]+"
_JOB = r"[a-z][a-z0-9_-]*-\d{8}-\d{6}-[0-9a-f]{6}"
_HEX = r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)(?!\d+e\d+\b)[0-9a-f]{6,40}"
_BLOCK = (
    r"\[(?P<tag>[a-z][\w -]{0,40})\].{0,4000}?\[/(?P=tag)\]"
    r"|<(?P<element>[a-z][\w-]{0,40})(?: [^<>\n]{0,200})?>.{0,4000}?</(?P=element)>"
)
"""What a tool answered, between its tags."""
_STAMP = r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
_LEVEL = r"(?-i:\[?(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL|TRACE)\]?)(?=[ :])"
_PASTED = rf"(?:{_STAMP}|{_LEVEL}|>[ ])[^\n]*"
_LINE = rf"(?:(?<=\n)|\A)[ ]{{0,8}}{_PASTED}(?=\n)|(?<=\n)[ ]{{0,8}}{_PASTED}"
"""A line of a log or of a letter that is answered, pasted beside a request."""

_LEX = re.compile(
    rf"""(?P<code>```.*?(?:```|\Z)|{_BLOCK}|{_LINE})
    |(?P<latin>\b(?:i\.\s?e\.?|e\.\s?g\.?)(?![\w.]))
    |(?P<arrow>[-=]+>)
    |(?P<short>\bw/(?:o|out)?(?=\s))
    |(?P<flag>(?<![\w-])--?(?P<option>[A-Za-z][A-Za-z-]+)|(?<!\S)-y\b)
    |(?P<pair>(?<![\w./:-])(?:{_KEY}|[A-Za-z_]\w*)=(?:{_VALUE}))
    |(?P<quote>"[^"\n]*"|`[^`\n]*`|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w))
    |(?P<job>\bjobs?(?:\s+|(?=[:=\#]))(?:(?:id|number|named|called)\s+)?[\#:=]?\s*["'`]?(?P<id>(?=[\w-]*\d)\w[\w-]*)["'`]?
        (?!\s*(?:x\s*)?(?:gpus?|nodes?|epochs?)\b))
    |(?P<full>\b{_JOB}\b|\blast:[a-z][a-z_]*\b)
    |(?P<document>\b[\w-]+\.(?:md|rst|log|py|cfg|pdf|html)\b)
    |(?P<place>{_PLACE})
    |(?P<key>(?<![\w./-]){_KEY}(?![\w/(]))
    |(?P<hex>(?<![\w.]){_HEX}(?!\w|\.\w))
    |(?P<type>\b(?:fp|bf|int|float|bfloat)-?(?:16|32|8)\b)
    |(?P<snake>\b[A-Za-z][A-Za-z0-9]*_\w+\b)
    |(?P<power>\b\d+(?:\.\d+)?\s?[*x]\s?10\s?(?:\^|\*\*)\s?-?\d+\b)
    |(?P<size>\b\d+x\d+\b)
    |(?P<times>\b\d+x(?=[a-z]))
    |(?P<number>(?<![\w.])[-+]?(?:\d[\d_]*(?:,\d{{3}})*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?(?:k\b)?(?!\w*\d))
    |(?P<word>[^\W_]+(?:'[^\W_]+)*)
    |(?P<mark>[,.;:!?()\n=/+&|])""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SLASHES = re.compile(r"[a-z]+(?:/[a-z]+)*/?", re.IGNORECASE)


@dataclass(slots=True)
class Place:
    """A location in a request.

    Attributes
    ----------
    role
        A dataset source, ``results``, ``weights``, ``resume``, ``backbone``, ``labels``, or None when
        the text does not say it.
    action
        The action whose bare noun gave the role ("training: X"), which asks for it where nothing else does.
    """

    uri: str
    role: str | None = None
    action: str | None = None


@dataclass(slots=True)
class Quoted:
    """A quoted text, without its quotes; ``code`` is a block of several lines."""

    content: str
    code: bool = False


@dataclass(slots=True)
class Pair:
    """``key=value`` as it was written."""

    key: str
    value: str


def lex(original: str, known: Callable[[str], Iterable[Token]] = lambda text: ()) -> Text:
    """Split a text into tokens.

    Parameters
    ----------
    known
        Finds what is one token whatever it is made of, such as ``bank:skill``; inside of quotes, blocks and
        places it is none.
    """
    clean = documents.unwrap(original.translate(_TYPOGRAPHY))
    return Text(original, _tokens(clean, list(known(clean))))


def _matches(clean: str, known: list[Token]) -> Iterator[re.Match[str] | Token]:
    """Yield what the text is made of; what is known where it is not inside of anything else."""
    at, waiting = 0, known[::-1]
    while True:
        match = _LEX.search(clean, at)
        while waiting and waiting[-1].start < at:
            waiting.pop()
        block = match is not None and match.lastgroup in ("code", "tag", "element")
        if waiting and (match is None or waiting[-1].start <= match.start()) and not block:
            token = waiting.pop()
            yield token
            at = token.end
        elif match is None:
            return
        else:
            yield match
            at = match.end()


def _tokens(clean: str, known: list[Token]) -> Iterator[Token]:
    for match in _matches(clean, known):
        if isinstance(match, Token):
            yield match
            continue
        kind, text, (start, end) = match.lastgroup, match[0], match.span()
        if kind in _PARTS:
            kind = _PARTS[kind]
        if kind == "code":
            yield Token("Q", start, end, Quoted(text.strip("`"), code=True))
        elif kind == "latin":
            yield Token("namely" if text[0] in "iI" else "say", start, end)
        elif kind == "quote":
            yield _quoted(text[1:-1], start, end)
        elif kind == "pair":
            yield _pair(match[0].rstrip(".,"), start, end)
        elif kind == "place":
            yield from _place(text, start)
        elif kind == "job":
            yield Token("J", start, end, match["id"])
        elif kind == "full":
            yield Token("J", start, end, text)
        elif kind == "hex":
            yield Token("J", start, end, text.lower())
        elif kind == "key":
            yield Token("K", start, end, text)
        elif kind == "snake":
            yield Token(text.lower(), start, end)
        elif kind == "type":
            yield Token(
                text.lower().replace("-", "").replace("bfloat", "bf").replace("float", "fp"), start, end
            )
        elif kind == "power":
            yield Token("D", start, end, float(re.sub(r"\s?[*x]\s?10\s?(?:\^|\*\*)\s?", "e", text)))
        elif kind == "size":
            width, _, height = text.lower().partition("x")
            yield Token("D", start, start + len(width), int(width))
            yield Token("x", start + len(width), start + len(width) + 1)
            yield Token("D", start + len(width) + 1, end, int(height))
        elif kind == "times":
            yield Token("D", start, end, int(text[:-1]))
        elif kind == "number":
            yield Token("D", start, end, number(text))
        elif kind == "short":
            yield Token("with" if text.lower() == "w/" else "without", start, end)
        elif kind == "flag":
            name = (match["option"] or "y").lower()
            if name in _OPTIONS:
                yield Token(",", start, start)
            if name != "data":  # its value says which
                yield Token(name if name in _OPTIONS else f"--{name}", start, end)
        elif kind == "arrow":
            yield Token("then", start, end)
        elif kind == "mark":
            yield Token("," if text == "\n" else text, start, end)
        else:
            yield Token(text.lower(), start, end)


def _quoted(content: str, start: int, end: int) -> Token:
    """A quoted place is a place, a quoted pair a pair; anything else is what somebody quotes."""
    if re.fullmatch(rf"(?:{_PLACE})(?: [^\"'`]*)?", content) and ("/" in content or "\\" in content):
        return Token("P", start, end, Place(clean_uri(content)))
    if re.fullmatch(rf"(?:{_KEY})=(?:{_VALUE})", content):
        return _pair(content, start, end)
    if re.fullmatch(_KEY, content):
        return Token("K", start, end, content)
    return Token("Q", start, end, Quoted(content.strip()))


def _pair(text: str, start: int, end: int) -> Token:
    key, _, value = text.partition("=")
    return Token("E", start, end, Pair(key, value))


def _place(text: str, start: int) -> Iterator[Token]:
    uri = text.rstrip(".,;:!?")
    explicit = "://" in uri or uri[:1] in ("/", "~", ".") or uri[1:2] == ":"
    if not explicit and _SLASHES.fullmatch(uri) and not uri.endswith("/"):
        # Plain words may be alternatives ("and/or") or several actions as well as a folder.
        said = uri.lower().split("/")
        if (len(said) == 2 and set(said) & _ALTERNATIVES) or all(word in _DOING for word in said):
            for word in said:
                yield Token(word, start, start + len(word))
                start += len(word) + 1
                if word is not said[-1]:
                    yield Token("/", start - 1, start)
            return
    yield Token("P", start, start + len(uri), Place(clean_uri(uri)))
    for i, mark in enumerate(text[len(uri) :]):
        yield Token(mark, start + len(uri) + i, start + len(uri) + i + 1)


_PARTS = {"id": "job", "option": "flag", "tag": "code", "element": "code"}
"""Groups inside of the kinds of tokens."""
_OPTIONS = frozenset(
    {
        "action",
        "automl",
        "data",
        "gpus",
        "nodes",
        "parent",
        "platform",
        "pretrained",
        "results-root",
        "set",
        "skill",
    }
)
"""Options of the command line that people write into a sentence; others are no words of a request."""
_ALTERNATIVES = frozenset(
    {"or", "and", "evaluate", "export", "hpo", "automl", "off", "on", "no", "yes", "inference"}
)

_DOING = frozenset(
    w for verbs in ACTION_VERBS.values() for v in verbs for f in forms(v).values() for w in f
) | {*(n for nouns in ACTION_NOUNS.values() for n in nouns), "engine", "onnx", "tensorrt", "trt", "test"}
"""Words for actions and products; several joined by slashes are no folder."""


def number(text: str) -> int | float:
    """Read a number as people write it: ``2e-4``, ``1,000``, ``20k``."""
    text = text.lower().replace(",", "").replace("_", "")
    value = float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
    return int(value) if value.is_integer() and "e" not in text and "." not in text else value


def setting_of(pair: Pair) -> tuple[str, object]:
    """Read a pair's value as the command line does.

    Raises
    ------
    UsageError
        When the value cannot be read.
    """
    try:
        [setting] = parse_settings([f"{pair.key}={pair.value}"])
    except UsageError as error:
        raise UsageError(str(error).replace("--set ", "", 1)) from None
    return setting.key, setting.value
