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
from skillbank.bank.skill import Skill
from skillbank.errors import SkillNotFoundError, did_you_mean
from skillbank.plan.reader.lexicon import Lexicon, lexicon
from skillbank.plan.reader.normal import allowed, distance
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.qualified import QualifiedNames, of_quote
from skillbank.plan.reader.spec_keys import is_listed
from skillbank.plan.reader.tokens import Token
from skillbank.ways import command

__all__ = ["Named", "Names", "names_of"]

_LONGEST = 8
_SHORT = 2
"""Letters of a part of a name that tells sizes and models apart, and is no misspelled word."""


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
        self._near: dict[str, tuple[Skill, ...]] = {}
        # A skill to read cannot be asked to run.
        self.claims = Claims([s for s in library.skills if s.called.runs], OWN)
        self.spelled = frozenset(s for s in self.claims.spelled if not only_request_words(s))
        self._qualified = QualifiedNames(library)
        self.words = frozenset(
            w for s in library.skills for n in (s.name, s.called.network_arch, *s.called.aliases)
            for w in re.findall(r"[a-z]+", n.lower())
        )  # fmt: skip
        self.described = frozenset(
            w for s in library.skills for w in re.findall(r"[a-z]+", s.frontmatter.description.lower())
        )

    def qualified(self, text: str) -> Iterator[Token]:
        """Yield a token for every ``bank:skill`` of a text; see `QualifiedNames.find`."""
        for start, end, skills in self._qualified.find(text):
            yield Token("name", "name", start, end, Named(skills))

    def take(self, original: str, tokens: list[Token]) -> tuple[list[Token], list[str]]:
        """Put one token in the place of every name; return a sentence for each that was misspelled.

        Raises
        ------
        SkillNotFoundError
            When a name is part of a longer one that no skill has.
        """
        found, notes = self._found(original, tokens)
        made: list[Token] = []
        at = 0
        while at < len(tokens):
            end, named = found.get(at, (at + 1, None))
            made.append(
                tokens[at] if named is None
                else Token("name", "name", tokens[at].start, tokens[end - 1].end, named)
            )  # fmt: skip
            at = end
        made, released = self._release(original, made)
        for i, token in enumerate(made):
            if token.kind == "name":
                self._qualified.refuse_unknown_bank(
                    original[: token.start], original[token.start : token.end]
                )
                self._check_longer(original, made, i, lexicon())
        return made, notes + released

    def _found(self, original: str, tokens: list[Token]) -> tuple[dict[int, tuple[int, Named]], list[str]]:
        """Return where names begin and end, the longest first, and a sentence for each misspelled one."""
        notes: list[str] = []
        found: dict[int, tuple[int, Named]] = {}
        taken: set[int] = set()
        spoken = [_spoken(original, t) if t.kind in ("word", "number") else None for t in tokens]
        for part in self._likely(tokens, spoken):
            if taken.isdisjoint(part):
                name = "".join(filter(None, spoken[part.start : part.stop]))
                note, named = self._match(original, name, tokens[part.start : part.stop])
                if named is not None:
                    found[part.start] = (part.stop, named)
                    taken.update(part)
                    notes += [note] if note else []
        return found, notes

    def _likely(self, tokens: list[Token], spoken: list[str | None]) -> Iterator[range]:
        """Yield the parts of a text that may be names: quotes, what is spelled as one, strange words."""
        strange = [t.kind == "word" and self._is_strange(t.text) for t in tokens]
        for size in range(_LONGEST, 0, -1):
            for at in range(len(tokens) - size + 1):
                said = spoken[at : at + size]
                if None in said:
                    likely = size == 1 and tokens[at].kind == "quote"
                else:
                    likely = True in strange[at : at + size] or "".join(filter(None, said)) in self.spelled
                if likely:
                    yield range(at, at + size)

    def _match(self, original: str, name: str, tokens: Sequence[Token]) -> tuple[str, Named | None]:
        """Return the name that some tokens are, with a sentence where it is misspelled."""
        if len(tokens) == 1 and tokens[0].kind == "quote":
            content = tokens[0].value
            skills = of_quote(self._qualified, content)
            return "", Named(skills) if skills else self._named(content, content, tokens)
        said = original[tokens[0].start : tokens[-1].end]
        if name in self.spelled:
            return "", self._named(name, said, tokens)
        near = self._nearest(name) if self._may_be_misspelled(name, tokens) else ()
        if not near:
            return "", None
        self._check_parts(said)
        meant = near[0].name if near[0].bank == OWN else near[0].qualified
        return f"'{said}' was read as '{shown(meant)}'", Named(near)

    def _check_parts(self, said: str) -> None:
        """Refuse "painter-l" and "xf-painter" where "painter" is a name: another size or another model.

        Raises
        ------
        SkillNotFoundError
            When all parts but a short one are words of names.
        """
        parts = re.split(r"[-\s]+", said.lower())
        odd = [part for part in parts if part not in self.words]
        if len(parts) < 2 or len(odd) != 1 or len(odd[0]) > _SHORT or not odd[0].isalpha():
            return
        whole = "".join(part for part in parts if part not in odd) in self.spelled
        glued = f"-{odd[0]}" in said.lower() or f"{odd[0]}-" in said.lower()
        if glued or not whole:  # else a word of another language stands before or behind the name
            raise SkillNotFoundError(f"There is no skill for '{said}'; '{command('skills')}' lists them all.")

    def _may_be_misspelled(self, name: str, tokens: Sequence[Token]) -> bool:
        """Whether words may be a misspelled name: one is strange, and neither end means anything else."""
        if len(name) < 5 and len(tokens) > 1:
            return False
        ends = self._may_end(tokens[0]) and self._may_end(tokens[-1])
        return ends and any(self._is_strange(t.text) for t in tokens)

    def _may_end(self, token: Token) -> bool:
        return token.text in self.words or not _is_known(token.text)

    def _is_strange(self, word: str) -> bool:
        return word not in self.words and not _is_known(word)

    def _named(self, name: str, said: str, tokens: Sequence[Token]) -> Named | None:
        spelling = normalise(name)
        if spelling not in self.spelled:
            return None
        claim = self.claims.of(name, said)
        later = claim.skills[0].bank != self.library.banks[0].name
        return Named(claim.skills, claim.note, tuple(tokens) if later else ())

    def _release(self, original: str, tokens: list[Token]) -> tuple[list[Token], list[str]]:
        """Take what is to be found in pictures back from the names of later banks; say so.

        An alias such as ``person`` would otherwise take the place of the words of everybody's request.
        """
        first, notes = self.library.banks[0].name, []
        named = any(t.kind == "name" and t.value.skills[0].bank == first for t in tokens)
        made: list[Token] = []
        for i, token in enumerate(tokens):
            if token.kind != "name" or not token.value.instead:
                made.append(token)
                continue
            quoted = token.value.instead[0].kind == "quote"
            if _is_sought(tokens[:i]) or (quoted and named):
                said, bank = original[token.start : token.end].strip("\"'`"), token.value.skills[0].qualified
                made += token.value.instead
                notes.append(f"'{shown(said)}' was read as what to find, not as the name of {shown(bank)}")
            else:
                made.append(token)
        return made, notes

    def _nearest(self, name: str) -> tuple[Skill, ...]:
        if len(self._near) > 4096:
            self._near.clear()
        if name not in self._near:
            self._near[name] = self._search_nearest(name)
        return self._near[name]

    def _search_nearest(self, name: str) -> tuple[Skill, ...]:
        most = allowed(name)
        found: dict[int, list[str]] = {}
        for spelling in filter(lambda spelled: _may_stand_for(name, spelled), self.spelled if most else ()):
            away = distance(name, spelling, most)
            if away <= most:
                found.setdefault(away, []).append(spelling)
        if not found:
            return ()
        skills = {id(s): s for n in found[min(found)] for s in self.claims.of(n).skills}
        first = next((b.name for b in self.library.banks if b.name in {s.bank for s in skills.values()}), "")
        near = tuple(s for s in skills.values() if s.bank == first)
        return near if len(near) == 1 else ()

    def _check_longer(self, original: str, tokens: list[Token], at: int, words: Lexicon) -> None:
        """Refuse "MM Painter" and "Painter v2": another model than the one whose name is in it."""
        start = tokens[at - 1].start if self._begins_longer(original, tokens, at, words) else tokens[at].start
        end = tokens[at].end
        if at + 1 < len(tokens) and _is_version(original, end, tokens[at + 1]):
            start, end = tokens[at].start, tokens[at + 1].end
        if end - start > tokens[at].end - tokens[at].start:
            known = [s.name for s in tokens[at].value.skills]
            raise SkillNotFoundError(
                f"There is no skill for '{original[start:end]}'{did_you_mean(known[0], known)}; "
                f"'{command('skills')}' lists them all."
            )

    def _begins_longer(self, original: str, tokens: list[Token], at: int, words: Lexicon) -> bool:
        """Whether the word before a name is part of a longer one: "MM-Painter", "Mask Painter"."""
        if at == 0 or tokens[at - 1].kind != "word":
            return False
        before = tokens[at - 1]
        if words.has(before.text, "grammar.name.family"):
            return True
        gap, word = original[before.end : tokens[at].start], original[before.start : before.end]
        inside = at > 1 and tokens[at - 2].text not in (".", "!", "?")
        proper = inside and gap == " " and word[:1].isupper() and not original.isupper()
        told = gap == "-" or proper or self._begins(before.text) or any(c.isdigit() for c in word)
        if not told or words.is_word(before.text):
            return False
        return not is_listed(word, tokens[at].value.skills)

    def _begins(self, word: str) -> bool:
        """Whether a longer word of a name begins like this one."""
        return any(w[:5] == word[:5] for w in self.words if len(w) > 5 < len(word) + 1)


def _is_known(word: str) -> bool:
    return lexicon().is_word(word) or word in word_list("normal.ordinary")


def _spoken(original: str, token: Token) -> str:
    """Return a word as names are compared, a number as it was written."""
    return normalise(token.text if token.kind == "word" else original[token.start : token.end])


def _may_stand_for(name: str, spelling: str) -> bool:
    """Whether a spelling begins as a name does, and has its digits: these tell members of a family apart."""
    begun = spelling[0] == name[0] or spelling[:2] == name[1::-1]
    return begun and re.sub(r"\D", "", spelling) == re.sub(r"\D", "", name)


def _is_version(original: str, end: int, after: Token) -> bool:
    """Whether a token behind the end of a name tells another version of it: "v2", "-x", "2.1"."""
    gap, word = original[end : after.start], original[after.start : after.end]
    if re.fullmatch(r"v\d+(\.\d+)?|x|xl|plus|\d+(\.\d+)?", word, re.IGNORECASE) is None:
        return False
    return gap == "-" or after.text[0] in "vx" or (after.kind == "number" and "." in word)


def _is_sought(before: list[Token]) -> bool:
    """Whether the words before a name say that it is to be found in pictures: "find", "look for"."""
    words = [
        t.text
        for t in before
        if t.text not in (",", "quote", "name") and not lexicon().has(t.text, "told.between")
    ][-2:]
    looked_for = words[-1:] == ["for"] and words[0] in ("look", "looking", "search", "searching")
    return looked_for or (bool(words) and words[-1] in lexicon().classes["grammar.name.finding"])
