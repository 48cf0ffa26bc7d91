"""Words that take back what was said before them: "15 epochs, no wait, 20"."""

from __future__ import annotations

from skillbank.plan.language.settings import Value
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx

_STRONG = (
    r"no wait(?: a (?:second|minute|moment))?|(?:(?<=[.,;:!?(] )|(?<=\A ))(?:wait|stop)(?! (?:with|for|until"
    r"|till|the|it|job|J|N|V|a|an|all|my|our|training))"
    r"|scratch (?:that|it)|on second thoughts?|correction"
    r"|never mind(?: (?:that|it|what i said))?(?= [.,;:!)-]|$| $)|forget (?:that|it|what i said)"
    r"|(?:i|we) (?:have )?changed (?:my|our) minds?|(?:i|we) take (?:that|it) back|strike that"
)
_WEAK = (
    r"actually|sorry|i mean|i meant|we mean|we meant|or rather|hold on|make (?:that|it)(?= (?:[a-z]+ )?D)"
    r"|oops|my bad"
)
_MARK = rx(rf"(?P<strong>{_STRONG})|{_WEAK}")
_LINK = (
    r"(?:(?:,|:|\(|-|make|that|it|the|a|is|to|on|in|at|from|with|use|take|should|be|i|mean|meant|rather"
    r"|better|not|D) )*?"
)
_PLACES = rx(rf"(?P<old>[PJ]) (?:\) )?(?:, )?(?:oops (?:, )?)+{_LINK}(?P<new>[PJ])")
_NUMBER = rx(
    rf"(?P<old>S) (?:\) )?(?:, )?(?:oops (?:, )?)+{_LINK}(?P<new>D)(?= (?:[.,;!?)]|and|on|with|please)|$| $)"
)


def mark(text: Text) -> None:
    """Turn words that correct into the token ``oops``; its value says whether they take back everything."""
    text.rewrite(_MARK, lambda found: [found.one("oops", found.match["strong"] is not None)])


def settle_places(text: Text) -> None:
    """Keep the later of two places or jobs around a correction."""

    def later(found: Found) -> list[Token] | None:
        [old], [new] = found.tokens("old"), found.tokens("new")
        return [new] if old.text == new.text else None

    text.rewrite(_PLACES, later)


def settle_values(text: Text) -> None:
    """Keep the later of two values for one setting, where a correction stands between them."""

    def renewed(found: Found) -> list[Token]:
        [old], [new] = found.tokens("old"), found.tokens("new")
        return [Token("S", old.start, new.end, Value(old.value.key, new.value))]

    text.rewrite(_NUMBER, renewed)
    at = next((i for i in reversed(range(len(text.tokens))) if text.tokens[i].text == "oops"), 0)
    renewed_keys = {t.value.key for t in text.tokens[at:] if t.text == "S"}
    kept = [t for t in text.tokens[:at] if t.text != "S" or t.value.key not in renewed_keys]
    if len(kept) < at:
        text.replace(0, at, kept)


def settle_actions(text: Text) -> bool:
    """Drop the actions that a correction takes back; return whether there were any."""
    dropped = False
    for at in [i for i, t in enumerate(text.tokens) if t.text == "oops"][::-1]:
        first, last = next(((a, b) for a, b in text.sentences() if a <= at < b), (0, 0))
        following = [t for t in text.tokens[at + 1 : last] if t.text not in _SOFT]
        begins = bool(following) and following[0].text in "VGC"
        if text.tokens[at].value:
            alone = not following and not any(t.text in "VC" for t in text.tokens[last:])
            first = 0 if begins or alone else first
            begins = begins or alone
        if not begins:
            continue
        kept = [t for t in text.tokens[first:at] if t.text not in ("V", "G", "C")]
        dropped |= len(kept) < at - first
        text.replace(first, at, kept)
    return dropped


_SOFT = words(
    ", : please rather just do to only i want need we the a make it that should can you better would like"
)
