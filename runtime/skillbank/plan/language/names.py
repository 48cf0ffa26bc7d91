"""Which skill a request names: the longest spelling of a name wins, small typing errors included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from skillbank.bank.claims import Claims
from skillbank.bank.discovery import OWN, Library, normalise
from skillbank.bank.names import shown
from skillbank.bank.request_words import only_request_words
from skillbank.bank.search import Hit, SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError, SkillNotFoundError, did_you_mean
from skillbank.plan.language.qualified import QualifiedNames, of_quote
from skillbank.plan.language.spelling import allowed, distance, is_known
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import FILLER, rx

_LONGEST = 8
_FAMILY = words(
    """mask masked mm deformable conditional stable open oneformer co nv dab dn focal anchor lite edge ms"""
)
"""Words that make another model of the name that they stand before."""
_FINDING = words(
    """find detect label locate count search show spot annotate tag mark highlight box recognize recognise
    finding detecting labelling labeling locating counting"""
)
_LISTED = words("the a an all any every some and or , Q N")
"""What may stand between a verb of finding and the last of the things to be found."""
_REFUSED = (
    rx(
        r"(?:(?:, )?(?:and |but )?<not>) (?:mean |want |use |take |meaning )?<det*>(?:plain |normal "
        r"|ordinary |regular )?(?P<n>N)(?: "
        r"(?:one|model))?(?= (?:,|\)|\.|!|on|but|please|with|from|for|of|at|using|in|and|no|N)|$| "
        r"$)"
    ),
    rx(
        r"(?:i|we|they|he|she) (?:had |have |already |always |once )*(?:took|used|tried|ran|chose|had"
        r"|trained|preferred"
        r"|evaluated|exported|taken) <det*>(?P<n>N)"
    ),
    rx(
        r"(?P<n>N) (?:(?:can|will|may|must|comes?|follows?|waits?|is|be|for|has|have|to|time|only|not|now"
        r"|in|the|so) )+"
        r"(?:later|another day|some other (?:day|time)|tomorrow|next (?:week|month|time)|afterwards|wait"
        r"|urgent)"
    ),
    rx(r"like (?:[a-z]+ ){1,4}(?P<n>N)"),
    rx(
        r"(?:unlike|other than|better than|like|as with|similar to|same as|as for|compared (?:to"
        r"|with)|than|as we did with|as in) <det*>(?P<n>N)"
    ),
)
_SELF = rx(r"<det?>(?P<n>N) (?:instead|rather)(?: of| than) <det?>(?P<m>N)")
_THAT_IS = (
    r"(?:namely|that is|that means|that would be|which is|which means|meaning|i mean|we mean|i meant|or"
    r" rather|rather"
    r"|to be (?:precise|exact|specific|clear)|more precisely|more exactly|precisely|exactly|better"
    r" known as|also known"
    r" as|aka|called|in other words|in short|specifically|correction|sorry|no wait|no|actually|make"
    r" that|officially"
    r"|oops|full name|ie|short for|or to be exact|to say it right)"
)
_RESTATED = (
    rx(
        rf"N (?:[a-z]+ ){{0,4}}?(?:[,(:] (?:[a-z]+ ){{0,4}}?){{0,2}}{_THAT_IS} (?:[,:] )?<det*>(?:plain"
        rf" |model |skill )*(?P<n>N)"
        r"(?: \)| ,)?"
    ),
    rx(
        r"N \( (?:<det?>|model |skill |full name )*(?P<n>N)(?: (?:that is|to be precise|to be exact|i"
        r" mean|really))? \)"
    ),
    rx(r"N , (?:<det?>)(?P<n>N)(?= ,)"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """A skill's name in a text; several skills when the name does not tell them apart.

    ``note`` says what else claims the name. ``instead`` are the tokens that the name was made of, where
    only a bank that does not come first says that this is one.
    """

    skills: tuple[Skill, ...]
    note: str = ""
    instead: tuple[Token, ...] = ()


@lru_cache(maxsize=16)
def names_of(library: Library) -> Names:
    """Return the names of a library's skills, made once."""
    return Names(library)


class Names:
    """The spellings of a library's skills."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._near: dict[str, list[Skill]] = {}
        # A skill to read cannot be asked to run.
        self.claims = Claims([s for s in library.skills if s.actions], OWN)
        self.spelled = frozenset(s for s in self.claims.spelled if not only_request_words(s))
        self._qualified = QualifiedNames(library)
        self.described = frozenset(
            w for s in library.skills for w in re.findall(r"[a-z]+", s.frontmatter.description.lower())
        )
        self.words = frozenset(
            w for s in library.skills for n in (s.name, s.info.network_arch, *s.info.aliases)
            for w in re.findall(r"[a-z]+", n.lower())
        )  # fmt: skip

    def qualified(self, text: str) -> Iterator[Token]:
        """Yield a token ``N`` for every ``bank:skill`` of a text; see `QualifiedNames.find`."""
        for start, end, skills in self._qualified.find(text):
            yield Token("N", start, end, Named(skills))

    def take(self, text: Text) -> Iterator[str]:
        """Turn every name into a token ``N``; yield a sentence for each that was misspelled.

        Raises
        ------
        SkillNotFoundError
            When a name is part of a longer one that no skill has.
        """
        for size in range(_LONGEST, 0, -1):
            at = 0
            while at + size <= len(text.tokens):
                tokens = text.tokens[at : at + size]
                note, named = self._match(text, tokens)
                if named is not None:
                    text.replace(at, at + size, [Token("N", tokens[0].start, tokens[-1].end, named)])
                    if note:
                        yield note
                at += 1
        yield from self._release(text)
        for i, token in enumerate(text.tokens):
            if token.text == "N":
                said = text.original[token.start : token.end]
                self._qualified.refuse_unknown_bank(text.original[: token.start], said)
                self._check_longer(text, i)

    def _match(self, text: Text, tokens: Sequence[Token]) -> tuple[str, Named | None]:
        if len(tokens) == 1 and tokens[0].text == "Q":
            content = tokens[0].value.content
            skills = of_quote(self._qualified, content)
            return "", Named(skills) if skills else self._named(content, content, tokens)
        if not all(t.text[0].islower() or t.text == "D" for t in tokens):
            return "", None
        said = text.source(tokens)
        name = normalise("".join(t.text if t.text != "D" else text.source([t]) for t in tokens))
        if name in self.spelled:
            return "", self._named(name, said, tokens)
        unknown = [t for t in tokens if not is_known(t.text) and t.text not in self.words]
        # What is right as it stands is no misspelling, and neither end may be a word of another meaning.
        if not unknown or (len(name) < 5 and len(tokens) > 1) or not self._near_ends(tokens):
            return "", None
        near = self._nearest(name)
        if not near:
            return "", None
        meant = near[0].name if near[0].bank == OWN else near[0].qualified
        return f"'{said}' was read as '{shown(meant)}'", Named(tuple(near))

    def _named(self, name: str, said: str, tokens: Sequence[Token]) -> Named | None:
        spelling = normalise(name)
        if spelling not in self.spelled:
            return None
        claim = self.claims.of(name, said)
        later = claim.skills[0].bank != self.library.banks[0].name
        return Named(claim.skills, claim.note, tuple(tokens) if later else ())

    def _release(self, text: Text) -> Iterator[str]:
        """Take what is to be found in pictures back from the names of later banks; say so.

        An alias such as ``person`` would otherwise take the place of the words of everybody's request.
        """
        first = self.library.banks[0].name
        named = any(t.text == "N" and t.value.skills[0].bank == first for t in text.tokens)
        for i in reversed(range(len(text.tokens))):
            token = text.tokens[i]
            if token.text != "N" or not token.value.instead:
                continue
            quoted = token.value.instead[0].text == "Q"
            before = [t.text for t in text.tokens[:i] if t.text not in _LISTED][-2:]
            looked_for = before[-1:] == ["for"] and before[0] in ("look", "looking", "search", "searching")
            if looked_for or (before and before[-1] in _FINDING) or (quoted and named):
                said, bank = text.source([token]).strip("\"'`"), token.value.skills[0].qualified
                text.replace(i, i + 1, token.value.instead)
                yield f"'{shown(said)}' was read as what to find, not as the name of {shown(bank)}"

    def _near_ends(self, tokens: Sequence[Token]) -> bool:
        return all(t.text in self.words or not is_known(t.text) for t in (tokens[0], tokens[-1]))

    def _nearest(self, name: str) -> list[Skill]:
        if len(self._near) > 4096:
            self._near.clear()
        if name not in self._near:
            self._near[name] = self._search_nearest(name)
        return self._near[name]

    def _search_nearest(self, name: str) -> list[Skill]:
        most = allowed(name)
        found: dict[int, list[str]] = {}
        for spelling in self.spelled:
            # Digits tell members of a family apart; they are never typing errors.
            if most and re.sub(r"\D", "", spelling) == re.sub(r"\D", "", name):
                away = distance(name, spelling, most)
                if away <= most and (spelling[0] == name[0] or spelling[:2] == name[1::-1]):
                    found.setdefault(away, []).append(spelling)
        if not found:
            return []
        skills = {id(s): s for n in found[min(found)] for s in self.claims.of(n).skills}
        first = next((b.name for b in self.library.banks if b.name in {s.bank for s in skills.values()}), "")
        near = [s for s in skills.values() if s.bank == first]
        return near if len(near) == 1 else []

    def _check_longer(self, text: Text, at: int) -> None:
        """Refuse "MM Grounding DINO" and "DINO v2": another model than the one whose name is in it."""
        token = text.tokens[at]
        before = text.tokens[at - 1] if at else None
        after = text.tokens[at + 1] if at + 1 < len(text.tokens) else None
        longer = None
        if before is not None and before.text.islower() and before.text not in rx.vocabulary:
            gap = text.original[before.end : token.start]
            word = text.original[before.start : before.end]
            inside = at > 1 and text.tokens[at - 2].text not in (".", "!", "?")
            proper = (
                inside and word[:1].isupper() and not text.original.isupper() and before.text not in FILLER
            )
            begun = any(w[:5] == before.text[:5] for w in self.words if len(w) > 5 < len(before.text) + 1)
            if (
                gap == "-"
                or begun
                or before.text in _FAMILY
                or (proper and gap == " ")
                or any(c.isdigit() for c in word)
            ):
                longer = text.original[before.start : token.end]
        if after is not None:
            gap = text.original[token.end : after.start]
            if re.fullmatch(
                r"v\d+(\.\d+)?|x|xl|plus|\d+(\.\d+)?", text.original[after.start : after.end], re.IGNORECASE
            ) and (
                gap == "-"
                or re.match(r"[vx]", after.text)
                or (after.text == "D" and "." in text.original[after.start : after.end])
            ):
                longer = text.original[token.start : after.end]
        if longer:
            known = [s.name for s in token.value.skills]
            raise SkillNotFoundError(
                f"There is no skill for '{longer}'{did_you_mean(known[0], known)}; 'skillbank skills' "
                "lists them all."
            )


def drop_refused(text: Text) -> None:
    """Take out names that are said not to be meant ("not Mask Grounding DINO", "instead of DINO")."""
    text.rewrite(_SELF, lambda found: found.tokens("n"))
    for pattern in _REFUSED:
        if sum(t.text == "N" for t in text.tokens) > 1:
            text.rewrite(pattern, _without)


def keep_restated(text: Text) -> None:
    """Keep the later of two names for one model ("the DINO with text, i.e. Grounding DINO")."""
    for pattern in _RESTATED:
        while (found := next(text.find(pattern), None)) is not None:
            text.replace(found.first, found.last, found.tokens("n"))


def _without(found: Found) -> list[Token] | None:
    others = [t for t in found.text.tokens if t.text == "N" and t not in found.tokens("n")]
    return [] if others else None


def search_skill(
    text: str, words: Sequence[str], index: SearchIndex, actions: Sequence[str], library: Library
) -> tuple[Skill, str]:
    """Find the one skill that a description fits; of equally good ones that of the bank that comes first.

    Returns
    -------
    tuple
        The skill and the sentence that says so; it names what of other banks fits as well.

    Raises
    ------
    SkillNotFoundError, AmbiguousSkillError
        When no skill, or more than one, fits.
    """
    telling = [w for w in words if w not in _GENERIC]
    fitting = [
        h for h in index.search(" ".join(words), _LOOKED_AT)
        if all(any(a.name == n for a in h.skill.actions) for n in actions)
        and sum(index.knows(h.skill, w) for w in telling) >= 0.6 * len(telling)
    ] if telling else []  # fmt: skip
    most = max((h.coverage for h in fitting), default=0.0)
    # A word as general as "detector" does not decide between skills that fit the rest equally well.
    best_score = max((h.score for h in fitting if h.coverage > most - 0.01), default=0.0)
    hits = [h for h in fitting if h.coverage > most - 0.01 or abs(h.score - best_score) < 0.01 * best_score]
    if not hits:
        if words and not telling:
            raise AmbiguousSkillError(
                f"'{text.strip()[:80]}' does not say which model; name one that 'skillbank skills' lists."
            )
        raise SkillNotFoundError(
            f"No skill fits '{text.strip()[:80]}'; name one that 'skillbank skills' lists."
        )
    # A bank writes its descriptions itself: how often it says a word never puts it before an earlier bank.
    first = next(b.name for b in library.banks if any(h.skill.bank == b.name for h in hits))
    hits = [h for h in hits if h.skill.bank == first]
    if len(hits) > 1 and hits[1].score > 0.8 * hits[0].score:
        listed = ", ".join(shown(library.said(h.skill)) for h in hits[:3])
        raise AmbiguousSkillError(f"The request could mean {listed}; name the skill.")
    best = hits[0].skill
    return (
        best,
        f"no skill was named; '{shown(library.said(best))}' fits the words best{_rivals(best, fitting)}",
    )


def _rivals(best: Skill, fitting: Sequence[Hit]) -> str:
    others = [shown(h.skill.qualified) for h in fitting if h.skill.bank != best.bank]
    if not others:
        return "" if best.bank == OWN else f" (of the bank {shown(best.bank)})"
    return f" ({', '.join(others[:3])} of other banks fits as well; BANK:SKILL in the request chooses)"


_LOOKED_AT = 8
_GENERIC = words(
    """detector detection detectors object objects segmentation transformer transformers image images"""
)
"""Words that fit so many skills that they name none."""
