"""What tells of the world and what asks for something, by the grammar of a clause alone.

A clause tells where it has a subject that is not the one addressed and a finite verb, where it says what has
been done without a subject ("Flew over the park"), or where it is a heading ("Lid inspection, next try").
It asks where it begins with a verb, says what must, should or may be, what is wanted or enough, sets a limit
or a condition, or takes something out. Which words open what is a matter of closed classes (``words/lists``).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from skillbank.plan.reader.manners import Manners
from skillbank.plan.reader.matching import STOPS
from skillbank.plan.reader.wishes import Wishes
from skillbank.plan.reader.wording import FINITE, SPECIFIC, Wording, is_many, is_over, is_regular_past, of

__all__ = ["FRAME", "Teller"]

FRAME = "frame"
"""What a claim of words that only lead to a wish holds: "it would be lovely if"."""

_ASKING = of("wants", "speaking", "modals", "be") | {"was", "were"}
"""Verbs by which something is wanted, agreed on or judged before anything of a run is named."""
_DOERS = frozenset({"i", "we", "they", "you"})
_DATA = "places.data.nouns"
_NOMINAL = ("ing", "tion", "sion", "ment", "ance", "ence", "ity", "ship", "ness", "work", "works")
_TELLS_MORE = SPECIFIC | FINITE | of("people", "imperatives") | {"to", "let", "thanks"}
_NOT_HEADED = SPECIFIC - {"a", "an", "my", "our", "another"} | of("people", "prepositions", "subordinate")


_LIMITING = ("grammar.operator.not", "grammar.operator.only")
_PARTING = frozenset({",", "and", "but", "so", "then", "please", "or"})


class Teller:
    """Judges the clauses of a text by its words."""

    def __init__(self, wording: Wording) -> None:
        self._text, self._of = wording.text, wording
        self._words, self._wishes, self._manners = self._of.words, Wishes(self._of), Manners(self._of)

    def knowing(self, known: frozenset[str]) -> Teller:
        """Return one that knows words of spec keys: what holds one of them tells nothing for its build."""
        return Teller(self._of.knowing(known))

    def tells(self, first: int, end: int, *, after: bool = False, opening: bool = False) -> bool:
        """Whether a clause tells something, and asks for nothing.

        Parameters
        ----------
        after
            Whether what stands before it in its sentence tells something.
        opening
            Whether it stands where headings do: at the beginning of the text.
        """
        end = self._before_marks(first, end)
        i, reason = self._opening(first, end)
        if self._leads_to_wish(first, i, end):
            return True
        if i < end and (held := self._manners.hold(i, end, after=after)) is not None:
            return held
        if i < end and self._words[i] in of("subordinate"):
            if (told := self._tells_when(i, end, after=after)) is not None:
                return told
            i += 1
        elif self._text.within(i, "grammar.mode.condition"):
            return False  # "provided that the check passes"
        if i >= end:
            return after and self._words[i - 1] == "before"
        if self._is_unsure(i, end):
            return not self._of.mean(range(i, end))
        return not self._demands(first, i, end) and self._tells_plainly(
            first, i, end, after=after, opening=opening, reason=reason or self._leads_to_so(end)
        )

    def _leads_to_wish(self, first: int, i: int, end: int) -> bool:
        """Whether a clause only says what leads to a wish: a doubt, a lack, what somebody would learn."""
        doubtful = self._leads_to_doubt(first, end) or self._is_curious(first, end)
        return doubtful or self._is_lack(i, end) or self._announces(first, i, end)

    def _is_unsure(self, i: int, end: int) -> bool:
        """Whether a clause begins with a doubt, or with what the one addressed knows: "as you see"."""
        unsure = self._words[i] in ("not", "no") and self._of.at(i + 1, end) in of("doubts")
        return unsure or self._words[max(i - 1, 0) : i + 1] == ["as", "you"]

    def _demands(self, first: int, i: int, end: int) -> bool:
        """Whether a clause begins with what must be, is offered or is to be done each time."""
        if self._words[i] in of("deontic", "able", "modals") or self._words[first] == "or":
            return True  # "must be ready", "or was it 12"
        each = self._text.match("'every|'each @number", i)
        return each is not None and not self.is_history(i, end)  # "every 10 minutes save"

    def _tells_plainly(
        self, first: int, i: int, end: int, *, after: bool, opening: bool, reason: bool
    ) -> bool:
        """Whether a clause tells by its verb, or without one: it adds to what was told, or is a heading."""
        verb = self._of.verb(i, end, weak=reason or after)
        if verb is not None:
            return not self._wishes.ask(first, i, verb, end, reason=reason)
        if after and self._adds(i, end):
            return not self._of.mean(range(i, end))
        if self._of.is_order(i, end) or self._words[i] == "like":
            return False
        leads = opening or after or self._begins(first)
        if self._is_done(first, i, end, leads):
            return True
        headed = leads and not reason and self._is_heading(first, i, end, opening)
        return (headed or (after and self._adds_rest(first, i, end))) and not self._of.mean(range(i, end))

    def _tells_when(self, i: int, end: int, *, after: bool) -> bool | None:
        """Whether a clause that begins with "when", "until", "if" tells; None where its verb says."""
        if self._is_time(i, end):
            return True
        word = self._words[i]
        rest = word in ("until", "till") and self._is_rest(i + 1, end) and not self.has_verb(i + 1, end)
        doubted = i + 1 < end and self._words[i - 1] in of("doubts")  # "not sure if this works"
        told = word == "why" or (after and (rest or doubted))
        if told or not after or word in of("conditions"):
            return told and not self._of.mean(range(i, end))
        return None

    def _leads_to_doubt(self, first: int, end: int) -> bool:
        """Whether a clause only leads to what somebody would like to know: "I'd love to know"."""
        behind = self._of.at(end, len(self._words))
        return end > first and self._words[end - 1] in of("curious") and behind in of("conditions")

    def _is_curious(self, first: int, end: int) -> bool:
        """Whether a clause says what somebody would like to know, or has to tell others.

        "we'd like to know how many bees land", "I have to tell the airport how many there were"
        """
        behind = (
            self._question_behind(k, end) for k in range(first + 1, end - 2) if self._words[k - 1] == "to"
        )
        asked = next((k for k in behind if k is not None), end)
        rest = range(asked + 1, end)
        return asked < end and all(map(self._of.is_word, rest)) and not self._of.mean(rest)

    def _question_behind(self, k: int, end: int) -> int | None:
        """Return the word of a question behind a verb of learning, or of telling somebody; else None."""
        if self._words[k] in of("curious", "learning"):
            reach = range(k + 1, k + 2)
        elif self._words[k] in of("reporting") and self._words[k + 1] not in ("you", "me"):
            reach = range(k + 1, min(end, k + 6))
        else:
            return None
        return next((q for q in reach if self._words[q] in of("questions")), None)

    def _announces(self, first: int, i: int, end: int) -> bool:
        """Whether a clause says what somebody wants, and what is asked for stands behind its colon.

        "the auditors want numbers for the released engine: evaluate job J on D"
        """
        behind = next((k for k in range(end, len(self._words)) if self._words[k] not in (":", "please")), 0)
        if self._of.at(end, len(self._words)) != ":" or not self._asks_behind(behind):
            return False
        verb = self._of.verb(i, end, weak=False) if i < end else None
        bounds = (*_LIMITING, "told.sizes", "grammar.mode.schedule", "grammar.mode.technical")
        plain = all(map(self._of.is_word, range(i, end))) and not self._text.holds(range(i, end), *bounds)
        return verb is not None and self._words[verb] in of("wants") and plain

    def _asks_behind(self, k: int) -> bool:
        return k > 0 and (self._of.is_order(k, len(self._words)) or self._words[k].startswith("@name"))

    def _leads_to_so(self, end: int) -> bool:
        """Whether what is asked for follows from a clause: "we go live next week so please export it"."""
        behind = [w for w in self._words[end : end + 4] if w != ","]
        return behind[:1] == ["so"] and behind[1:2] != ["that"]

    def _is_lack(self, i: int, end: int) -> bool:
        """Whether a clause says what there is none of somewhere, before what is asked for that reason."""
        if self._of.at(i, end) != "no":
            return False
        behind = next((w for w in islice(self._words, end, None) if w != ","), "")
        placed = any(
            self._words[k] in of("prepositions") and self._of.at(k + 1, end) in of("here")
            for k in range(i + 2, end)
        )
        return placed and behind == "so" and not self._of.weighs(range(i + 1, end))

    def _adds_rest(self, first: int, i: int, end: int) -> bool:
        return self._is_rest(first, end, counted=True) or self._goes_on(i, end)

    def orders(self, first: int, end: int, *, wishing: bool = True) -> bool:
        """Whether a clause says what to do, and with what: "use the usual split"; or wishes it."""
        end = self._before_marks(first, end)
        i, _ = self._opening(first, end)
        if i >= end:
            return False
        if not self._of.is_order(i, end):
            verb = self._of.verb(i, end, weak=False)
            return wishing and verb is not None and self._wishes.ask(first, i, verb, end, reason=False)
        telling = self._words[i] in of("telling") and self._of.at(i + 1, end) in ("me", "us")
        things = ("grammar.free.noun", "grammar.free.adjective", _DATA)
        return telling or any(
            self._text.within(k, *things) or self._words[k] in ("one", "ones") for k in range(i + 1, end)
        )

    def asks(self, first: int, end: int, *, told: bool = False) -> bool:
        """Whether a part of a text orders, wishes or demands something.

        Parameters
        ----------
        told
            Whether nothing of a run has been named: then only what is wanted, agreed on or judged asks.
        """
        i, reason = self._opening(first, end)
        verb = self._of.verb(i, end, weak=True) if i < end else None
        starts = [first, *(k + 1 for k in range(first, end - 1) if self._words[k] in _PARTING)]
        if any(self._begins_order(k, end) for k in starts if not self._goes_on_telling(i, verb, k)):
            return True
        if verb is None or (told and not self._may_ask(i, verb)):
            return False
        return self._wishes.ask(first, i, verb, end, reason=reason)

    def _may_ask(self, i: int, verb: int) -> bool:
        """Whether a verb may ask where nothing of a run is named; "we are" only says who somebody is."""
        who = self._words[i] in ("i", "we") and self._words[verb] in of("be")
        return self._words[verb] in _ASKING and not who

    def _goes_on_telling(self, i: int, verb: int | None, k: int) -> bool:
        """Whether a word behind an "and" is a further verb of a subject: "we film and look at it later"."""
        joined = verb is not None and k > verb and self._words[k - 1] in ("and", "but", "still")
        return joined and (self._words[i] in _DOERS or is_many(self._words[max(i, (verb or 1) - 1)]))

    def _begins_order(self, first: int, end: int) -> bool:
        i = self._opening(first, end)[0]
        return i < end and (self._demands(first, i, end) or self._of.is_order(i, end))

    def is_history(self, first: int, end: int) -> bool:
        """Whether a clause tells of what is over: "I uploaded them last night"."""
        found = self.verb_of(first, end)
        return found is not None and is_over(self._words[found[0] : end], found[1] - found[0])

    def weigh(self, tokens: Iterable[int]) -> bool:
        """Whether any of some words names anything that a plan has, or bounds a run."""
        return self._of.weighs(tokens)

    def names(self, k: int) -> bool:
        """Whether a word names anything that a plan has, or counts it."""
        return self._of.names(k)

    def _is_time(self, i: int, end: int) -> bool:
        """Whether a clause says when somebody did something: "after the flood we replaced the cameras"."""
        behind = self._words[i + 2 : end]
        return (
            self._words[i] in ("after", "before", "since")
            and not of("tellers").isdisjoint(behind)
            and self.is_history(i, end)
            and not self._of.weighs(range(i + 1, end))
        )

    def _before_marks(self, first: int, end: int) -> int:
        while end > first and self._text.tokens[end - 1].kind == "mark":
            end -= 1
        return end

    def is_empty(self, first: int, end: int) -> bool:
        """Whether a clause is but a word that joins, or a greeting."""
        return self._opening(first, end)[0] >= end

    def has_verb(self, first: int, end: int) -> bool:
        """Whether a clause has a subject and a finite verb."""
        i, reason = self._opening(first, end)
        return i < end and self._of.verb(i, end, weak=reason) is not None

    def verb_of(self, first: int, end: int, *, whole: bool = False) -> tuple[int, int] | None:
        """Return where the subject of a clause begins, and its finite verb; None without them.

        Parameters
        ----------
        whole
            Whether it is a sentence by itself, which has a verb where a word may be one.
        """
        end = self._before_marks(first, end)
        i, reason = self._opening(first, end)
        if i < end and (self._words[i] in of("subordinate") or self._compares(i, end)):
            i += 1
        verb = self._of.verb(i, end, weak=reason or whole) if i < end else None
        return (i, verb) if verb is not None else None

    def _compares(self, i: int, end: int) -> bool:
        return self._words[i] in of("comparing") and self._of.at(i + 1, end) in of("people")

    def leads(self, first: int, end: int) -> bool:
        """Whether a clause without a verb only leads to one that tells: "Last summer, we flew there"."""
        i = self._opening(first, end)[0]
        led = i < end and self._words[i] in of("prepositions")
        return self._is_rest(first, end, counted=led) and not self._of.mean(range(first, end))

    def _opening(self, first: int, end: int) -> tuple[int, bool]:
        """Return where a clause begins behind words that join or colour it, and whether it is a reason."""
        i, reason = first, False
        while i < end:
            word, then = self._words[i], self._of.at(i + 1, end)
            if word == "as" and self._text.within(i, "grammar.mode.condition", "grammar.mode.order"):
                break  # "as soon as"
            if word in of("reasons") or (word == "so" and then == "that"):
                reason, i = True, i + 1 + (then == "that")
            elif (behind := self._behind_opener(i, end)) > i:
                i = behind
            else:
                break
        return i, reason

    def _behind_opener(self, i: int, end: int) -> int:
        """Return where what joins or colours a clause ends; the same token where that is none of it."""
        word, owner = self._words[i], self._text.ledger.owner.get(i)
        if word in ("after", "before", "once") and self._is_talk(i + 1, end):
            return i + 2  # "after training we will show it"
        if self._text.kind(i) == "mark" or word.endswith("ly") or word in of("joins", "continuing"):
            return i + 1
        return owner.last + 1 if owner is not None and owner.value == FRAME else self._coloured(i)

    def _is_talk(self, k: int, end: int) -> bool:
        """Whether a token is an action that is only spoken of, and somebody's doing follows."""
        owner = self._text.ledger.owner.get(k)
        spoken = owner is not None and owner.kind == "talk" and owner.tokens == (k,)
        return spoken and self._of.at(k + 1, end) in of("people")

    def _coloured(self, i: int) -> int:
        """Return where an adverb or greeting that begins at a token ends."""
        if past := self._text.ends(i, "grammar.mode.past"):
            return i if self._words[i] in of("prepositions") else past[0]
        ends = self._text.ends(i, "grammar.free.adverb") or self._text.ends(i, "grammar.courtesy.words")
        bare = ends and _TELLS_MORE.isdisjoint(self._words[i : ends[0]])
        return ends[0] if bare else i

    def _begins(self, first: int) -> bool:
        """Whether a clause begins its sentence; behind what is asked for, a noun is part of it."""
        return first == 0 or self._text.tokens[first - 1].text in (*STOPS, "\n")

    def _is_done(self, first: int, i: int, end: int, leads: bool) -> bool:
        """Whether a clause says what somebody has done or is doing, without a subject."""
        word, after = self._words[i], self._of.at(i + 1, end)
        if not after or word in of("elliptic") or {"please", "only"} & set(self._words[first:end]):
            return False
        if word in of("past") or word in ("been", "hope"):
            return word == "hope" or not self._text.within(i + 1, _DATA)
        if is_regular_past(word):
            bare = after in SPECIFIC or after in of("prepositions") - {"by", "with"}
            return bare and not self._of.is_technical(i)  # ", resized to 640"
        going = of("continuing") & set(self._words[first:i]) or after in of("prepositions") - {"of", "for"}
        return (
            leads and bool(going) and word.endswith("ing") and len(word) > 5 and not self._of.is_technical(i)
        )

    def _is_heading(self, first: int, i: int, end: int, opening: bool) -> bool:
        """Whether a clause is a heading: a noun without an article and without a verb."""
        words = self._words[i:end]
        if words[0] == "back" and len(words) > 1:
            return True
        if words[-1].endswith("ly") or self._has_order(i, end) or self._is_counted(i, end):
            return False  # "warm up slowly", "afterwards wipe the folder", "night pictures count double"
        if words[0] in _NOT_HEADED or not self._is_rest(first, end):
            return False
        placed = not of("prepositions").isdisjoint(words[1:-1])
        bare = opening and (placed or len(words) == 1 or words[-1] in of("continuing"))
        return self._heads(self._words[self._of.head(i, end)], opening, placed, bare)

    def _heads(self, noun: str, opening: bool, placed: bool, bare: bool) -> bool:
        """Whether a noun is the head of a heading, as one that is made of a verb is anywhere."""
        if self._text.lexicon.has(noun, "told.stills"):
            return opening and placed
        made = not opening and noun.endswith(_NOMINAL)
        return bare or made or ((opening or placed) and not is_many(noun))

    def _is_counted(self, i: int, end: int) -> bool:
        """Whether a clause says what counts how: "night pictures count double", "shrubs count as trees"."""
        return any(
            (self._text.within(k - 1, _DATA) or is_many(self._words[k - 1]))
            and self._words[k] in of("judging")
            for k in range(i + 1, end)
        )

    def _has_order(self, i: int, end: int) -> bool:
        """Whether a verb in its base form stands behind words of order: "afterwards wipe the folder"."""
        first = next((k for k in range(i, end) if not self._text.within(k, "grammar.free.glue")), end)
        return first < end and self._of.is_order(first, end)

    def _goes_on(self, i: int, end: int) -> bool:
        """Whether a clause has a further verb of the subject before it: "and photographs every loaf"."""
        verb = self._words[i].endswith("s") and self._of.at(i + 1, end) in of("determiners")
        return verb and not self._text.within(i, "grammar.free.noun", _DATA)

    def _adds(self, i: int, end: int) -> bool:
        """Whether a clause says more of the subject before it: "and have 400 pictures", "not a coder"."""
        word, then = self._words[i], self._of.at(i + 1, end)
        more = word in ("have", "am") and (then == "@number" or then in of("determiners"))
        return more or (word == "not" and then in ("a", "an"))

    def _is_beside(self, k: int, beside: set[str]) -> bool:
        """Whether a word that limits elsewhere only says when, or to whom: "last summer", "for you"."""
        if self._words[k] == "you":
            return self._words[k - 1] in ("for", "give")
        return self._words[k] == "last" and bool(beside & of("sequence", "seasons"))

    def _is_rest(self, first: int, end: int, *, counted: bool = False) -> bool:
        """Whether a clause without a verb goes on with what is told and limits nothing."""
        for k in range(first, end):
            token, word = self._text.tokens[k], self._words[k]
            beside = {*self._words[max(k - 1, 0) : k], *self._words[k + 1 : k + 2]}
            if token.kind == "number":
                year = isinstance(token.value, int) and 1900 < token.value < 2100
                if not (counted or year or beside & of("sequence")):
                    return False
            elif (
                token.kind not in ("word", "mark")
                or (self._text.within(k, "told.choosing") and self._text.within(k + 1, "told.members"))
                or (word in of("elliptic") and not self._is_beside(k, beside))
            ):
                return False
        i = self._opening(first, end)[0]
        return i >= end or not self._of.is_order(i, end)
