"""From characters to tokens: places, quotes, keys, job ids, numbers and blocks are whole from the start."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from skillbank.plan.reader import blocks
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.tokens import Token
from skillbank.plan.request import clean_uri

__all__ = ["lex"]

ALONE = "\u00b7"
"""The text of a full stop that stands alone: it divides captions, or ends a sentence."""
_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u00b4", "'"),
        **dict.fromkeys("\u00a0\u200b\u2009\u202f\t\r", " "),
        **dict.fromkeys("\u2012\u2013\u2212\u2010\u2011", "-"),
        **dict.fromkeys("\u2028\u2029", "\n"),
        "\u2026": ".",
        "\u00d7": "x",
        "\uff1a": ":",
        "\uff0c": ",",
        "\u3001": ",",
        "\u3002": ".",
        "\uff01": "!",
        "\uff1f": "?",
        "\uff08": "(",
        "\uff09": ")",
    }
)
"""One character for one, so that positions stay."""
_SUPERSCRIPT = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-"
)

_FILE = (
    r"[\w./-]*\w\.(?:pth|pt|ckpt|onnx|engine|plan|trt|safetensors|tlt|hdf5|tar\.gz|tgz|tar|zip|txt|jsonl?|csv"
    r"|jpe?g|png|bmp|tiff?|webp)"
    r"\b"
)
_PLACE = (
    r"\$\{?[A-Za-z_]\w*\}?/[^\s,;\"'`<>()\[\]]*|[A-Za-z][A-Za-z0-9+.-]*://[^\s,;\"'`<>()\[\]]+"
    r"|(?<!\w)[A-Za-z]:[\\/](?!/)[^\s,;\"'`<>()\[\]]+"
    r"(?:[ ](?:\w[\w.-]*[ ](?=\())?[\w.()-]+\\[^\s,;\"'`<>()\[\]]*)*"
    r"|(?<!\S)~[A-Za-z_][\w.-]*/[^\s,;\"'`<>()\[\]]*"
    r"|(?<!\S)(?:\\\\[\w.$-]+|\.{1,2})\\[^\s,;\"'`<>()\[\]]+|(?<!\S)//[\w.$-]+/[^\s,;\"'`<>()\[\]]+"
    r"|(?<![\w/.])(?:~|\.{1,2})?/(?!/)[^\s,;\"'`<>()\[\]]+|(?<![\w/.])\.{1,2}(?=[\s,;]|$)(?<=\s(?:on|in)\s.)"
    rf"|(?<![\w/.-]){_FILE}|(?<![\w/.-])[\w.-]+/(?:[\w.*?-]*[\w*-]/?)*"
)
_IMAGE = (
    r"(?<![\w/.:-])(?-i:(?:[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*(?::\d{2,5})?/)+[a-z0-9][a-z0-9._-]*"
    r"(?::\w(?:[\w.-]*\w)?|@sha256:[0-9a-f]{64}))(?![\w/])"
)
"""An image of containers with its tag or digest."""
_KEY = r"[A-Za-z_]\w*(?:\[\d+\])?(?:\.[A-Za-z_]\w*(?:\[\d+\])?)+"
_VALUE = r"\[[^\]\n]*\]|\{[^}\n]*\}|\"[^\"\n]*\"|'[^'\n]*'|[^\s,;)]+"
_JOB = r"[a-z][a-z0-9_-]*-\d{8}-\d{6}-[0-9a-f]{6}"
_HEX = r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)(?!\d+e\d+\b)[0-9a-f]{6,40}"
_DIGITS = r"(?:\d+,\d+e[-+]?\d+|0,\d+|\d[\d_]*(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?"

_INITIAL = r"(?-i:(?:(?<![^\n])|(?<=[.,:!?-]\s))[A-Z]\.(?=\s?(?:[A-Z]\.\s?)*[A-Z][\w'-]+\s*(?:[.,\n]|\Z)))"
"""A letter that stands for a first name ("H. Miller"), and not behind a plain word: "site B."."""

_CLOCK = (
    r"(?:(?<=\bat\s)|(?<=\bby\s)|(?<=\bfrom\s)|(?<=\bsince\s)|(?<=\bafter\s)|(?<=\bbefore\s)|(?<=\buntil\s)"
    r"|(?<=\btill\s)|(?<=\baround\s))(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:/%])"
)
"""A time of the day, behind what leads to one: "10:30" alone may be a share."""

_LEX = re.compile(
    rf"""(?P<block>{blocks.PATTERN})
    |(?P<latin>\b(?:i\.\s?e\.?|e\.\s?g\.?)(?![\w.])|\bno\.\s?(?=\d))
    |(?P<title>\b(?:dr|mr|mrs|ms|prof)\.(?=\s)|\b(?:max|min|ca|approx)\.(?=\s?\d)
        |(?-i:\b(?:S[rt]|Sgt|Lt|Capt|Rev|Eng)\.(?=\s[A-Z]))|{_INITIAL})
    |(?P<owned>(?<=[\w/])'s\b(?!\s+(?:train|training|val|validation|eval|test)\b)|(?<=\w)\(s\))
    |(?P<struck>~~[^~\n]+~~|(?<=[-*+]\s)\[x\]|(?:(?<=\n)|\A)-[^\n]+(?=(?:\n-[^\n]+){{0,20}}\n\+[^\n]))
    |(?P<endless>(?<=[,;])[ ]?\.{{1,3}}(?=\s|$))
    |(?P<alone>(?<!\S)\.(?!\S))
    |(?P<leads>(?:[-=]+>|\u2192)(?=\s*(?:[a-z][a-z0-9+]*://|~?/|\.\.?/)))
    |(?P<arrow>[-=]+>|\u2192)
    |(?P<short>\bw/(?:o|out)?(?=\s))
    |(?P<flag>(?<![\w-])--?(?P<option>[A-Za-z][\w-]*))
    |(?P<pair>(?<![\w./:-])(?!(?:model|skill|network)\s?=\s?[a-z-]+[ ][a-z])
        (?:(?:{_KEY}|[A-Za-z_][\w-]*)\s?=(?!>|\s?\d+\s?%)\s?(?:{_VALUE})|(?-i:[a-z_][\w.]*):\s?\[[^\]\n]*\]))
    |(?P<quote>"[^"\n]*"|`[^`\n]*`|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w))
    |(?P<job>\bjobs?(?:\s+|(?=[:=\#]))(?:(?:id|number|named|called)\s+)?[\#:=]?\s*["'`]?(?P<id>(?=[\w-]*\d)\w[\w-]*)(?:["'`](?!s\b))?
        (?!\s*(?:x\s*)?(?:gpus?|nodes?|epochs?|trials?)\b))
    |(?P<full>\b{_JOB}\b|\blast:[a-z][a-z_]*\b)
    |(?P<document>\b[\w-]+\.(?:md|rst|log|py|sh|bat|ps1|ipynb|cfg|ini|toml|pdf|html|docx?|pptx?|xlsx?|ya?ml)\b)
    |(?P<image>{_IMAGE})
    |(?P<place>{_PLACE})
    |(?P<dotted>(?<![\w./-]){_KEY}(?![\w/(]))
    |(?P<hex>(?<!\w)(?<!\w\.)(?:\.{{1,3}})?{_HEX}(?!\w|\.\w))
    |(?P<type>\b(?:fp|bf|int|float|bfloat)[ -]?(?:16|32|8)\b)
    |(?P<bits>\b(?:16|32|8)[ -]bit(?=[ -](?:precision|floats?|arithmetic|mode|training|weights|engine)\b))
    |(?P<card>\b(?:rtx|gtx)[ -]?\d{{3,4}}(?:[ -]?(?:ti|super))?s?\b)
    |(?P<snake>\b[A-Za-z][A-Za-z0-9]*_\w+\b)
    |(?P<power>\b\d+(?:\.\d+)?\s?[*x]\s?10\s?(?:\^|\*\*)?\s?-?\d+\b(?!x))
    |(?P<size>\b\d+\s?[x\u00d7]\s?\d{{2,}}\b|\b\d{{2,}}\sby\s\d{{2,}}\b)
    |(?P<range>(?<![\w.]){_DIGITS}\s?(?:-|\.\.\.?|~)\s?{_DIGITS}(?![\w-]))
    |(?P<clock>{_CLOCK})
    |(?P<number>(?<![\w.])[-+]?{_DIGITS}(?P<scale>k\b)?(?!\w*\d))
    |(?P<word>[^\W_]+(?:['-][^\W_]+)*)
    |(?P<mark>[,.;:!?()\[\]\n=/+&|%><\u2265\u2264-])
    |(?P<symbol>[^\x00-\x7f\s\w]+)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_PARTS = {"id": "job", "option": "flag", "scale": "number", **dict.fromkeys(blocks.GROUPS, "block")}
"""Groups inside of the kinds of tokens."""
_SHORT = {"n't": "not", "'ll": "will", "'d": "would", "'re": "are", "'ve": "have", "'m": "am"}
_WHOLE = {"won't": ("will", "not"), "can't": ("can", "not"), "cannot": ("can", "not"), "let's": ("let", "us"),
          "dont": ("do", "not"), "doesnt": ("does", "not"), "shouldnt": ("should", "not"),
          "wanna": ("want", "to"), "thats": ("that", "is"), "theres": ("there", "is"),
          "gonna": ("going", "to"), "lets": ("let", "us"), "isnt": ("is", "not"), "cant": ("can", "not"),
          "gimme": ("give", "me"), "b4": ("before",), "lemme": ("let", "me"),
          "i'd": ("i", "would"), "i'm": ("i", "am")}  # fmt: skip
_SLASHES = re.compile(r"[a-z]{2,}(?:/[a-z]{2,})+", re.IGNORECASE)

Known = Callable[[str], Iterable[Token]]


def lex(original: str, known: Known, is_word: Callable[[str], bool]) -> list[Token]:
    """Split a text into tokens.

    Parameters
    ----------
    known
        Finds what is one token whatever it is made of, such as ``bank:skill``; inside of quotes, blocks and
        places it is none.
    is_word
        Whether a word means something in requests: words joined by a slash or hyphen are then words.
    """
    clean = original.translate(_TYPOGRAPHY)
    clean = re.sub(
        r"(?<=10)[\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+",
        lambda m: m[0].translate(_SUPERSCRIPT),
        clean,
    )
    whole = blocks.document(clean)
    if whole is not None:
        return whole
    return [token for found in _matches(clean, list(known(clean))) for token in _read(found, clean, is_word)]


def _matches(clean: str, known: list[Token]) -> Iterator[re.Match[str] | Token]:
    """Yield what the text is made of; what is known where it is not inside of anything else."""
    at, waiting = 0, known[::-1]
    while True:
        match = _LEX.search(clean, at)
        while waiting and waiting[-1].start < at:
            waiting.pop()
        block = match is not None and _PARTS.get(match.lastgroup or "", match.lastgroup) == "block"
        if waiting and (match is None or waiting[-1].start <= match.start()) and not block:
            token = waiting.pop()
            yield token
            at = token.end
        elif match is None:
            return
        else:
            yield match
            at = match.end()


def _read(match: re.Match[str] | Token, clean: str, is_word: Callable[[str], bool]) -> Iterator[Token]:
    if isinstance(match, Token):
        yield match
        return
    kind = match.lastgroup or ""
    kind, text, (start, end) = _PARTS.get(kind, kind), match[0], match.span()
    if kind == "block":
        yield from blocks.read(text, start, end)
    elif kind == "quote":
        yield _quoted(text[1:-1], start, end)
    elif kind == "pair":
        pair = text.rstrip(".,")
        key, value = re.split(r"[=:]", pair, maxsplit=1)
        yield Token("pair", "pair", start, start + len(pair), (key.strip(), value.strip()))
        for i, mark in enumerate(text[len(pair) :]):
            yield Token("mark", mark, start + len(pair) + i, start + len(pair) + i + 1)
    elif kind == "place":
        before = clean[:start].rstrip().rpartition(" ")[2].lower()
        yield from _place(text, start, is_word, named=before in _LEADS)
    elif kind == "word":
        yield from _words(text, start, end, is_word)
    elif kind not in ("symbol", "owned") or (kind == "symbol" and _says_something(text)):
        yield _named(match, kind) if kind in _NAMED else _plain(kind, text, start, end)


_NAMED = frozenset({"job", "full", "hex", "dotted", "flag", "struck", "symbol"})


def _named(match: re.Match[str], kind: str) -> Token:
    """Read a job's id, a key, a flag or a sign."""
    text, (start, end) = match[0], match.span()
    if kind == "dotted":
        return Token("key", "key", start, end, text)
    if kind == "flag":
        return Token("flag", match["option"].lower(), start, end)
    if kind in ("struck", "symbol"):
        return Token("symbol", text.lower(), start, end)
    return Token(
        "job", "job", start, end, text if kind == "full" else match["id"] or text.lower().lstrip(".")
    )


_SYMBOLS = ("So", "Sm", "Sc")
"""Unicode's categories of pictures, of mathematical signs and of currencies."""
_FRIENDLY = re.compile(
    "[\U0001f600-\U0001f64f\U0001f90c-\U0001f92f\U0001f970-\U0001f97a\U0001f44a-\U0001f44f"
    "\U0001f495-\U0001f49f\U0001f389\U0001f680\U0001f4aa\U0001f440\u263a\u2728\u2764\u2615]"
)
"""Faces, hands and hearts: they say how somebody feels, and nothing of a run."""


def _says_something(text: str) -> bool:
    """Whether signs are more than faces and ornaments: what no rule reads is then asked about."""
    return any(unicodedata.category(sign) in _SYMBOLS for sign in _FRIENDLY.sub("", text))


def _plain(kind: str, text: str, start: int, end: int) -> Token:
    """Read what is one token of its own."""
    if kind in _NUMERIC:
        return Token(_NUMERIC[kind], "number", start, end, _numbers(kind, text))
    if kind == "image":
        return Token("image", "image", start, end, text)
    if kind == "alone":
        return Token("mark", ALONE, start, end)
    said = text.lower()
    said = _MEANT[kind](said) if kind in _MEANT else said
    return Token("mark" if kind in ("mark", "leads") else "word", said, start, end)


_NUMERIC = {"number": "number", "power": "number", "size": "size", "range": "range"}
_LATIN = {"i": "namely", "e": "say", "n": "nr"}
_BITS = {"16": "fp16", "32": "fp32", "8": "int8"}
_MEANT: dict[str, Callable[[str], str]] = {
    "latin": lambda said: _LATIN[said[0]],
    "title": lambda said: "about" if said == "approx." else said.rstrip("."),
    "endless": lambda said: "etc",
    "short": lambda said: "with" if said == "w/" else "without",
    "arrow": lambda said: "then",
    "leads": lambda said: ":",
    "bits": lambda said: _BITS[re.split("[- ]", said)[0]],
    "clock": lambda said: "o'clock",
    "card": lambda said: "gpus" if said.endswith("s") else "gpu",
    "type": lambda said: re.sub(r"[ -]", "", said).replace("bfloat", "bf").replace("float", "fp"),
}
"""By kind of what was written: the word that it is read as."""


def _numbers(kind: str, text: str) -> object:
    text = text.lower()
    if kind == "power":
        return float(re.sub(r"\s?[*x]\s?10\s?(?:\^|\*\*)?\s?", "e", text))
    if kind == "size":
        return tuple(number(part) for part in re.findall(r"\d+", text))
    if kind == "range":
        low, high = re.fullmatch(rf"({_DIGITS})\s?(?:-|\.\.\.?|~)\s?({_DIGITS})", text).groups()  # type: ignore[union-attr]
        return number(low), number(high)
    return number(text)


def number(text: str) -> int | float:
    """Read a number as people write it: ``2e-4``, ``1,000``, ``20k``."""
    text = text.lower().replace("_", "")
    # No thousands begin with a nought: "0,001" is a decimal fraction.
    fraction = re.fullmatch(r"[-+]?(?:0+,\d+|\d+,(?!\d{3}(?:\D|$))\d+)(?:e[-+]?\d+)?", text)
    text = text.replace(",", "." if fraction else "")
    value = float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
    return int(value) if value.is_integer() and "e" not in text and "." not in text else value


_ANOTHER = re.compile(r"[ ,;]\s*(?:[a-z][a-z0-9+]*://|/|~/|\.{1,2}/)", re.IGNORECASE)
"""Where another place begins."""


def _quoted(content: str, start: int, end: int) -> Token:
    """A quoted place is a place, a quoted pair a pair; anything else is what somebody quotes."""
    one = re.fullmatch(rf"(?:{_PLACE})(?:[ ,;&][^\"'`]*)?", content) and not _ANOTHER.search(content)
    if one and re.search(r"[/\\]", content):
        return Token("place", "place", start, end, clean_uri(content))
    if re.fullmatch(rf"(?:{_KEY})=(?:{_VALUE})", content):
        key, _, value = content.partition("=")
        return Token("pair", "pair", start, end, (key, value))
    for kind, form in (("key", _KEY), ("job", _JOB)):
        if re.fullmatch(form, content):
            return Token(kind, kind, start, end, content)
    return Token("quote", "quote", start, end, content.strip())


_RATES = frozenset({"km/h", "mi/h", "m/s", "ft/s", "m/min", "mb/s", "gb/s", "it/s", "l/min"})
"""Units that look like folders."""
_LEADS = word_list("lexer.leads")  # behind them stands a place, whatever it is made of


def _place(text: str, start: int, is_word: Callable[[str], bool], *, named: bool) -> Iterator[Token]:
    uri = text.rstrip(".,;:!?")
    words = uri.lower().split("/") if not named and _SLASHES.fullmatch(uri) else []
    if words and all(map(is_word, words)) and lexicon().are_alike(words):
        # Words of one kind may be alternatives ("and/or") or several actions as well as a folder.
        for word in re.finditer(r"[^/]+|/", uri):
            yield Token(
                "mark" if word[0] == "/" else "word",
                word[0].lower(),
                start + word.start(),
                start + word.end(),
            )
    elif uri.lower() in _RATES:
        yield Token("word", uri.lower(), start, start + len(uri))
    elif re.fullmatch(r"\d+(?:/\d+)+", uri):
        yield Token("percent", uri, start, start + len(uri), None)  # "a 80/20 split" is no place
    else:
        yield Token("place", "place", start, start + len(uri), clean_uri(uri))
    for i, mark in enumerate(text[len(uri) :]):
        yield Token("mark", mark, start + len(uri) + i, start + len(uri) + i + 1)


def _words(text: str, start: int, end: int, is_word: Callable[[str], bool]) -> Iterator[Token]:
    """Read a word: what is shortened is two words, and so is what is joined by a hyphen."""
    word = text.lower()
    if word in _WHOLE:
        yield from (Token("word", part, start, end) for part in _WHOLE[word])
        return
    for ending, meant in _SHORT.items():
        if word.endswith(ending):
            yield from (Token("word", part, start, end) for part in (word.removesuffix(ending), meant))
            return
    if word.endswith("'s") and word[:-2] in ("it", "that", "what", "here", "there", "how", "who", "where"):
        yield from (Token("word", part, start, end) for part in (word[:-2], "is"))
        return
    word = word.removesuffix("'s")
    if "-" in word and not is_word(word):
        for part in re.finditer(r"[^-]+", word):
            yield Token("word", part[0], start + part.start(), min(end, start + part.end()))
        return
    yield Token("word", word, start, end)
