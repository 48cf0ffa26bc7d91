"""Numbers in words: "two hundred and fifty", "half a dozen", "two dozen", "a single GPU", "twice"."""

from __future__ import annotations

from skillbank.plan.language.tokens import Found, Text
from skillbank.plan.language.words import UNITS, rx

_ONES = {
    w: i
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    w: 10 * i
    for i, w in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_NUMBER_WORDS = {**_ONES, **_TENS, **_SCALES}
_WORD = "|".join(w for w in _NUMBER_WORDS if w not in ("one", "zero"))

_NUMBERS = rx(rf"(?:(?:a|one) (?=hundred|thousand|million))?(?:{_WORD})(?: (?:and )?(?:{_WORD}|one))*")
_DOZEN = rx(r"(?:(?:(?P<half>half )(?:an? )?|(?P<count>D) |an? |one )dozens?|dozen)(?: of)?(?= [a-z])")
_PAIR = rx(rf"(?:a couple of|a pair of|both)(?= (?:{UNITS}))")
_ONE = rx(
    rf"(?:a single|just one|only one|one single|one|single|an?)(?= (?:full )?(?:{UNITS}))"
    rf"|zero(?= (?:{UNITS}))"
)
_HALF = rx(r"(?P<whole>D) and a half")
_MINUS = rx(r"(?:minus|negative) (?P<count>D)")
_SCALED = rx(r"(?P<count>D) (?P<scale>hundred|thousand|million)")


def read(text: Text) -> None:
    """Turn numbers in words into tokens ``D``."""
    text.rewrite(_SCALED, lambda found: [found.one("D", _scaled(found))])
    text.rewrite(_NUMBERS, lambda found: [found.one("D", _number([t.text for t in found.tokens()]))])
    text.rewrite(_DOZEN, lambda found: [found.one("D", _dozens(found))])
    text.rewrite(_PAIR, lambda found: [found.one("D", 2)])
    text.rewrite(_HALF, lambda found: [found.one("D", found.tokens("whole")[0].value + 0.5)])
    text.rewrite(_MINUS, lambda found: [found.one("D", -found.tokens("count")[0].value)])
    text.rewrite(_ONE, lambda found: [found.one("D", 0 if found.tokens()[0].text == "zero" else 1)])


def _scaled(found: Found) -> int | float:
    count: int | float = found.tokens("count")[0].value
    return count * _SCALES[found.tokens("scale")[0].text]


def _dozens(found: Found) -> int | float:
    count: int | float = found.tokens("count")[0].value if found.match["count"] else 1
    return 6 if found.match["half"] else 12 * count


def _number(words: list[str]) -> int:
    """Read English number words: ``two hundred and fifty``."""
    whole = part = 0
    for word in words:
        if word in ("and", "a"):
            part = part or (1 if word == "a" else 0)
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in _SCALES:
            whole, part = whole + max(part, 1) * _SCALES[word], 0
        else:
            part += _NUMBER_WORDS[word]
    return whole + part
