"""What tells of the world and what asks for something, by the grammar of a clause alone.

A clause tells where it has a subject that is not the one addressed and a finite verb, where it says what has
been done without a subject ("Flew over the park"), or where it is a heading ("Lid inspection, second attempt").
It asks where it begins with a verb, says what must, should or may be, what is wanted or enough, sets a limit
or a condition, or takes something out. Which words open what is a matter of closed classes (``words/lists``).
"""

from __future__ import annotations

from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS

__all__ = ["Teller"]

_NAMES = (
    "people", "things", "determiners", "prepositions", "joins", "reasons", "subordinate", "be", "modals",
    "deontic", "able", "conditions", "wants", "speaking", "judging", "staying", "relevant", "elliptic", "limits", "ready",
    "stative", "continuing", "sequence", "participles", "past", "imperatives",
)  # fmt: skip
_L = {name: word_list(f"telling.{name}") for name in _NAMES}
_FINITE = (
    _L["be"]
    | _L["past"]
    | _L["modals"]
    | {w for w in _L["wants"] if w[-1] == "s"}
    | _L["deontic"]
    | _L["able"]
    | {"has", "have", "do", "does"}
)
_PRONOUNS = frozenset({"it", "them", "me", "us", "him", "her", "you", "this", "that", "these", "those"})
_SPECIFIC = _PRONOUNS | _L["determiners"]
_ABOUT_RUNS = ("grammar.free.noun", "places.data.nouns", "grammar.group.model")
_ORDERS = (
    "grammar.free.light", "grammar.mode.directive", "grammar.operator.not", "grammar.mode.defer",
    "grammar.mode.technical", "slots.around.set", *(f"actions.{a}.base" for a in ACTIONS),
    *(f"actions.words.{w}" for w in ("make", "convert", "measure", "test", "apply", "find", "segment", "resume")),
)  # fmt: skip
_TECHNICAL = (
    "grammar.mode.technical", "policy.search.nouns", "policy.search.weak", "policy.search.doings",
    "policy.search.hyper", "policy.search.others", "actions.words.scratch",
)  # fmt: skip
_DONE = tuple(f"actions.{a}.past" for a in ACTIONS)
_NOMINAL = ("ing", "tion", "sion", "ment", "ance", "ence", "ity", "ship", "ness", "work", "works")
_LONGEST_SUBJECT = 12


class Teller:
    """Judges the clauses of a text.

    Parameters
    ----------
    known
        Words of the spec keys of the steps: what holds one of them could mean something for a run.
    """

    def __init__(self, text: Text, known: frozenset[str] = frozenset()) -> None:
        self._text, self._known = text, known
        self._words = [t.text if t.kind in ("word", "mark") else f"@{t.kind}" for t in text.tokens]
        for k, token in enumerate(text.tokens[1:], 1):
            if token.text in ("may", "will") and text.ledger.original[token.start].isupper():
                self._words[k] = "@name"

    def tells(self, first: int, end: int, *, after: bool = False, opening: bool = False) -> bool:
        """Whether a clause tells something, and asks for nothing.

        Parameters
        ----------
        after
            Whether what stands before it in its sentence tells something.
        opening
            Whether it stands where headings do: at the beginning of the text.
        """
        while end > first and self._text.tokens[end - 1].kind == "mark":
            end -= 1
        i, reason = self._opening(first, end)
        if i < end and self._words[i] in _L["subordinate"]:
            if self._words[i] == "why" or not after or self._words[i] in _L["conditions"]:
                return self._words[i] == "why" and not self._means_something(i, end)
            i += 1
        if i >= end:
            return after and self._words[i - 1] == "before"
        if self._words[i] == "you" and self._words[i - 1] == "as" or self._is_doubt(i, end):
            return not self._means_something(i, end)
        if self._words[i] == "like":
            return False
        verb = self._verb(i, end, weak=reason or after)
        if verb is not None:
            return not self._asks(first, i, verb, end, reason)
        if self._is_order(i, end):
            return False
        if self._is_done(first, i, end):
            return True
        if self._means_something(i, end):
            return False
        heading = not reason and self._is_heading(first, i, end, opening)
        return heading or (after and (self._is_rest(first, end, counted=True) or self._goes_on(i, end)))

    def orders(self, first: int, end: int) -> bool:
        """Whether a clause begins with a verb and says what to do it with: "use the usual split"."""
        i, _ = self._opening(first, end)
        things = ("grammar.free.noun", "grammar.free.adjective", "places.data.nouns")
        if i < end and not self._is_order(i, end):
            verb = self._verb(i, end, weak=False)
            return verb is not None and self._asks(first, i, verb, end, reason=False)
        if i >= end:
            return False
        told = self._words[i] in ("tell", "show", "send", "call", "ask", "wake") and self._words[
            i + 1 : i + 2
        ] in (["me"], ["us"])
        return told or any(self._text.within(k, *things) for k in range(i + 1, end))

    def is_empty(self, first: int, end: int) -> bool:
        """Whether a clause is but a word that joins, or a greeting."""
        return self._opening(first, end)[0] >= end

    def has_verb(self, first: int, end: int) -> bool:
        """Whether a clause has a subject and a finite verb."""
        i, reason = self._opening(first, end)
        return i < end and self._verb(i, end, weak=reason) is not None

    def _is_doubt(self, i: int, end: int) -> bool:
        """Whether somebody is not sure of something: "no idea what I am doing"."""
        return self._words[i] in ("not", "no") and self._words[i + 1 : min(i + 2, end)] in (
            ["sure"], ["certain"], ["idea"], ["clue"], ["doubt"], ["experience"], ["expert"],
        )  # fmt: skip

    def leads(self, first: int, end: int) -> bool:
        """Whether a clause without a verb only leads to one that tells: "Last summer, we flew there"."""
        i = self._opening(first, end)[0]
        led = i < end and self._words[i] in _L["prepositions"]
        return self._is_rest(first, end, counted=led) and not self._means_something(first, end)

    def _opening(self, first: int, end: int) -> tuple[int, bool]:
        """Return where a clause begins behind words that join or only colour it, and whether it is a reason."""
        i, reason = first, False
        while i < end:
            word = self._words[i]
            if word == "as" and (
                self._text.ends(i, "grammar.mode.condition") or self._text.ends(i, "grammar.mode.order")
            ):
                break
            if word in _L["reasons"] or (word == "so" and i + 1 < end and self._words[i + 1] == "that"):
                reason, i = True, i + 1 + (i + 1 < end and self._words[i + 1] == "that")
            elif (
                self._text.tokens[i].kind == "mark"
                or word.endswith("ly")
                or word in _L["joins"] | _L["continuing"]
            ):
                i += 1
            elif (ends := self._coloured(i)) > i:
                i = ends
            else:
                break
        return i, reason

    def _coloured(self, i: int) -> int:
        """Return where an adverb or greeting that begins at a token ends."""
        if past := self._text.ends(i, "grammar.mode.past"):
            return past[0] if self._words[i] not in _L["prepositions"] else i
        ends = self._text.ends(i, "grammar.free.adverb") or self._text.ends(i, "grammar.courtesy.words")
        said = set(self._words[i : ends[0]]) if ends else {"the"}
        return (
            i
            if said & (_SPECIFIC | _L["people"] | _L["imperatives"] | _FINITE | {"to", "let", "thanks"})
            else ends[0]
        )

    def _verb(self, i: int, end: int, *, weak: bool) -> int | None:
        """Return the finite verb of the subject that begins at a token; None where there is no such clause."""
        word = self._words[i]
        k = self._over_adverbs(i + 1, end)
        if word == "you":
            return k if k < end and self._words[k] == "are" else None
        if word in _L["people"] or word in ("it", "there", "here"):
            told = k < end and self._is_word(k) and self._words[k] not in _L["prepositions"] | _L["joins"]
            return self._main(k, end) if told else None
        if word in _L["things"] and k < end and (self._words[k] in _FINITE or self._is_third(k, end, 1)):
            return k
        if word in _L["prepositions"]:
            return self._verb_behind(i, end)
        definite = word in _L["determiners"] or word in ("one", "@number")
        if word == "@mark" or (not definite and self._is_order(i, end)):
            return None
        return self._verb_of_noun(i, end, definite, weak)

    def _verb_behind(self, i: int, end: int) -> int | None:
        """Return the verb of the subject behind a phrase that opens a clause: "at the brewery we check"."""
        for k in range(i + 2, min(end, i + 6)):
            word, before = self._words[k], self._words[k - 1]
            if word in _L["people"] or (
                word in _L["determiners"] and before not in _L["determiners"] | _L["prepositions"]
            ):
                return self._verb(k, end, weak=True)
        return None

    def _verb_of_noun(self, i: int, end: int, definite: bool, weak: bool) -> int | None:
        nouns = 0 if definite else 1
        for k in range(i + 1, min(end, i + _LONGEST_SUBJECT)):
            word = self._words[k]
            if (
                self._text.tokens[k].kind == "mark"
                or word in _L["subordinate"]
                or (word == "that" and not definite)
            ):
                return None
            if nouns and ((word in _FINITE and word != "am") or self._is_past(k, end, definite)):
                return self._main(k, end)
            if nouns and self._is_third(k, end, 9 if weak else nouns, loose=definite):
                return k
            if nouns and (definite or weak) and self._is_bare(k, end):
                return k
            nouns += word not in _L["determiners"] | _L["prepositions"] | _L["joins"]
        return None

    def _main(self, k: int, end: int) -> int:
        """Return the verb that "do not" goes with, else the verb itself."""
        main = self._over_adverbs(k + 1, end)
        return main if self._words[k] in ("do", "does", "did") and k + 1 < main < end else k

    def _is_past(self, k: int, end: int, definite: bool) -> bool:
        """Whether a word is a regular past behind its subject: "arrived for", but not "blurred", "made by"."""
        word, ends = self._words[k], k + 1 >= end
        if not _is_regular_past(word) or not self._is_word(k - 1):
            return False
        before = self._words[k - 1]
        if before in _L["determiners"] | _L["prepositions"] or self._text.within(
            k - 1, "grammar.free.adjective"
        ):
            return False
        return (
            (definite and not self._is_technical(k))
            if ends
            else self._words[k + 1] not in ("by", "with", "please")
        )

    def _is_third(self, k: int, end: int, nouns: int, *, loose: bool = True) -> bool:
        """Whether a word is a verb in the third person: "opens in", "wants it"."""
        word, before = self._words[k], self._words[k - 1]
        if (
            not self._is_word(k)
            or not word.endswith("s")
            or word.endswith(("ss", "us", "is"))
            or len(word) < 4
            or word in _L["elliptic"]
            or self._text.within(k, "grammar.free.noun", "places.data.nouns")
            or before in _L["determiners"] - {"this", "that", "each", "every"}
            or before in _L["prepositions"]
            or (before.endswith("s") and not before.endswith(("ss", "us")) and loose and before != "this")
        ):
            return False
        if k + 1 >= end:
            return nouns > 8
        after = self._words[k + 1]
        if after in _FINITE:
            return False
        if not loose:
            return after in _SPECIFIC
        if after in _L["joins"] or after in ("of", "with") or after in _L["sequence"]:
            return False
        return after not in _L["prepositions"] or nouns == 1 or nouns > 8

    def _is_bare(self, k: int, end: int) -> bool:
        """Whether a word is a verb behind a subject in the plural: "our robots pick strawberries"."""
        before, word = k - 1, self._words[k]
        while before > 0 and self._words[before] in (
            "never",
            "always",
            "not",
            "often",
            "only",
            "still",
            "also",
        ):
            before -= 1
        plural = self._words[before]
        many = (plural.endswith("s") and not plural.endswith(("ss", "us"))) or plural.endswith(
            ("men", "people", "children")
        )
        return (
            many
            and plural not in _SPECIFIC
            and self._is_word(k)
            and not (k + 1 < end and self._words[k + 1] in _FINITE)
            and (k + 1 < end or (self._is_sentence(k) and not self._text.within(before, *_ABOUT_RUNS)))
            and word not in _L["prepositions"] | _L["joins"] | _L["elliptic"] | _L["participles"] | _SPECIFIC
            and not (_is_regular_past(word) or word.endswith(("ing", "er", "ly")))
            and not self._text.within(k, "grammar.free.adverb", "grammar.free.adjective")
        )

    def _is_sentence(self, last: int) -> bool:
        """Whether the words up to a token are a whole sentence: "The cleaners complain."."""
        k = last
        while k >= 0 and self._is_word(k):
            k -= 1
        return (k < 0 or self._words[k] in ".!?") and self._words[last + 1 : last + 2] in ([], ["."], ["!"])

    def _asks(self, first: int, i: int, verb: int, end: int, reason: bool) -> bool:
        """Whether a clause with a subject and a verb asks for something all the same."""
        word, after = self._words[verb], self._words[verb + 1] if verb + 1 < end else ""
        said = set(self._words[first:end])
        mine = self._words[i] in ("i", "we")
        did = word in _L["past"] or (_is_regular_past(word) and word not in _L["wants"])
        before = any(self._text.within(k, "grammar.mode.past") for k in range(first, end))
        perfect = word in ("have", "has") and (
            after == "been" or _is_regular_past(after) or after in _L["participles"]
        )
        past = did or perfect or before or "did" in self._words[i:verb]
        if word == "hope" or (word == "will" and mine and after not in _L["wants"]):
            return False
        if self._words[i] == "you":
            return "to" in self._words[verb + 1 : verb + 3] or "please" in said
        if said & {"please", "you", "your", "whatever"} or word in ("let", "lets"):
            return True
        if word in _L["speaking"]:
            return bool(said & {"to", "that", "not", "only", "no"}) or (
                after == "for" and not said & _PRONOUNS
            )
        if word in _L["be"] and any(self._text.within(k, *_DONE) for k in range(verb, end)):
            return True  # "the best one is exported"
        if word == "are" and self._words[i] not in _L["determiners"] and self._is_sort(after, said):
            return True
        if word in _L["be"] | {"was", "were"} and (
            said & (_L["relevant"] | _L["judging"]) or {"not", "part"} <= said or (after == "to" and not past)
        ):
            return True
        if word in _L["deontic"] or (
            word in ("need", "needs", "has", "have") and "to" in self._words[verb + 1 : verb + 3]
        ):
            return not self._is_own(verb, end, mine, said)
        if mine and not did and self._is_about_runs(verb, end):
            return True
        if word in _L["able"]:
            return mine or after in ("be", "go", "stay", "remain", "wait", "come", "not")
        if word in _L["wants"]:
            return self._is_wish(verb, end, mine, said)
        if word == "would":
            return mine
        if past:
            return bool(said & {"except", "excluding"}) and not mine
        return not reason and self._limits(i, verb, end, said, mine)

    def _is_about_runs(self, verb: int, end: int) -> bool:
        """Whether what we do, we would do in a run: "we leave the third camera out", "we use Swin-L"."""
        using = self._words[verb] in ("use", "take", "run", "try")
        for k in range(verb, end):
            word = self._words[k]
            leaving = self._text.within(k, "grammar.operator.not", "grammar.mode.defer")
            if (leaving and word not in ("not", "no", "never", "none", "without", "left")) or word in ACTIONS:
                return True
            if using and any(c.isupper() for c in self._text.ledger.said([k])) and k > verb:
                return True
            which = {"the", "all", "every", "these", "those"} & set(self._words[max(verb + 1, k - 2) : k])
            if which and self._text.within(k, "places.data.nouns"):
                return "ourselves" not in self._words[k:end] and "myself" not in self._words[k:end]
        return False

    def _is_sort(self, after: str, said: set[str]) -> bool:
        """Whether a clause says what counts as what: "mules are horses", "lorries are the same"."""
        return bool(said & {"same", "too"}) or (after.endswith("s") and after not in ("always", "his", "as"))

    def _is_own(self, verb: int, end: int, mine: bool, said: set[str]) -> bool:
        """Whether what must be is no matter of a run: "it has to be ready by Friday", "I have to show it"."""
        if said & _L["ready"] and "be" in said:
            return True
        deed = next((k + 1 for k in range(verb, end - 1) if self._words[k] == "to"), None)
        if not mine or deed is None or deed >= end or self._is_technical(deed):
            return False
        if self._words[deed] in _L["imperatives"] and self._words[deed + 1 : deed + 2] not in (
            ["it"],
            ["this"],
            ["something"],
        ):
            return False
        return not said & _L["limits"] and not any(
            self._means(k) or self._text.within(k, "grammar.operator.not", "places.data.nouns")
            for k in range(deed, end)
        )

    def _is_wish(self, verb: int, end: int, mine: bool, said: set[str]) -> bool:
        """Whether somebody wants something of a run: "I want no crops", but not "my insurance wants proof"."""
        if self._words[verb + 1 : verb + 2] in (["it"], ["this"], ["that"], ["them"]) and self._words[verb + 2 : verb + 3] in (
            ["by"], ["before"], ["until"], ["today"], ["tomorrow"], ["tonight"], ["soon"],
        ):  # fmt: skip
            return False
        if mine:
            return not (self._words[verb + 1 : verb + 2] == ["to"] and self._is_own(verb, end, mine, said))
        narrowed = said & (_L["limits"] | {"no", "not", "only", "more", "less", "all", "every", "none"})
        return bool(narrowed) or any(
            self._means(k)
            or (_is_regular_past(self._words[k]) and k > verb + 1)
            or self._text.tokens[k].kind == "number"
            for k in range(verb + 1, end)
        )

    def _limits(self, i: int, verb: int, end: int, said: set[str], mine: bool) -> bool:
        """Whether what is said in the present says how a run is to be."""
        word = self._words[verb]
        run = self._words[i] in _L["things"] - {"there", "here"} or self._words[i] in ("they", "no")
        head = self._head(i, verb)
        run = (
            run or self._text.within(head, *_ABOUT_RUNS) or self._words[head] in ("rest", "output", "results")
        )
        run = run or (self._is_technical(head) and self._words[i] not in ("my", "our"))
        holding = word in ("have", "has", "own", "got") or word in _L["be"]
        if (
            (word in _L["judging"] and self._words[i] not in _L["people"])
            or said & _L["limits"]
            or ("only" in said and not (mine and holding))
        ):
            return True
        if (
            run
            and word in _L["be"]
            and self._words[verb + 1 : verb + 2] == ["the"]
            and (
                any(
                    self._text.within(k, "grammar.group.model") and self._words[k] != "one"
                    for k in (head, end - 1)
                )
            )
        ):
            return True  # "the model is the small one", "it is the tiny version"
        data = self._text.within(head, "places.data.nouns")
        whole = (
            run
            or data
            or self._words[i] in ("each", "every", "all")
            or "same" in said
            or self._words[head] == "numbers"
        )
        if word in _L["staying"] and whole and not (word.startswith("belong") and "to" in said):
            return True
        if data and self._text.within(verb, "grammar.mode.directive", "grammar.operator.not"):
            return True
        if "next" in said or (
            run and not data and not (holding or word in _L["stative"] or word in _L["modals"])
        ):
            return True
        light = mine and word != "have" and self._text.within(verb, "grammar.free.light")
        if not (
            light or run or (word in _L["be"] and not self._words[min(verb + 1, end - 1)].endswith("ing"))
        ):
            return False
        if word in _L["be"] and (data or "gone" in said):
            return False  # "the pictures are blurry"
        return self._means_something(i, end) or self._is_scheduled(i, end)

    def _head(self, i: int, verb: int) -> int:
        """Return the head of a subject: the word before its first preposition, or before the verb."""
        stop = next((k for k in range(i + 1, verb) if self._words[k] in _L["prepositions"]), verb)
        while stop - 1 > i and (
            self._words[stop - 1] in _L["elliptic"] or self._words[stop - 1].endswith("ly")
        ):
            stop -= 1
        return stop - 1

    def _is_order(self, i: int, end: int) -> bool:
        """Whether a clause begins with a verb in its base form: "anonymize the faces"."""
        word = self._words[i]
        if word in ("do", "does", "be", "have"):
            return True
        if not self._is_word(i) or word in _FINITE | _L["determiners"] | _L["prepositions"]:
            return False
        inflected = (
            _is_regular_past(word) or word.endswith("ing") or (word.endswith("s") and not word.endswith("ss"))
        )
        known = word in _L["imperatives"] or self._text.within(i, *_ORDERS)
        after = self._words[i + 1] if i + 1 < end else ""
        if word in _L["subordinate"] or (word in _L["sequence"] and after == "@number"):
            return False
        return (not inflected and (known or after in _SPECIFIC)) or (
            len(word) > 5 and word.endswith(("ize", "ise", "ify"))
        )

    def _is_done(self, first: int, i: int, end: int) -> bool:
        """Whether a clause says what somebody has done or is doing, without a subject."""
        word, after = self._words[i], self._words[i + 1] if i + 1 < end else ""
        if (
            "please" in self._words[first:end]
            or not after
            or "only" in self._words[first:end]
            or word in _L["elliptic"]
        ):
            return False
        if word == "hope":
            return True
        if word in _L["past"] or word == "been":
            return not self._text.within(i + 1, "places.data.nouns")
        if _is_regular_past(word):
            return after in _SPECIFIC or after in _L["prepositions"] - {"by", "with"}
        going = bool(_L["continuing"] & set(self._words[first:i])) or after in _L["prepositions"] - {
            "of",
            "for",
        }
        return word.endswith("ing") and len(word) > 5 and going and not self._text.within(i, *_ORDERS)

    def _is_heading(self, first: int, i: int, end: int, opening: bool) -> bool:
        """Whether a clause is a heading: a noun without an article and without a verb."""
        words = self._words[i:end]
        if words[0] == "back" and len(words) > 1:
            return True
        article = words[0] in ("a", "an", "my", "our", "another")
        if not article and words[0] in _SPECIFIC | _L["people"] | _L["prepositions"] | _L["subordinate"]:
            return False
        if not self._is_rest(first, end):
            return False
        head = self._head(i, end)
        placed = any(w in _L["prepositions"] for w in words[1:-1])
        if self._text.lexicon.has(self._words[head], "told.pictures"):
            return opening and placed
        nominal = self._words[head].endswith(_NOMINAL)
        many = self._words[head].endswith("s") and not self._words[head].endswith(("ss", "us"))
        return (
            (placed or nominal or not many or len(words) == 1 or words[-1] in _L["continuing"])
            if opening
            else (nominal or (placed and not many))
        )

    def _goes_on(self, i: int, end: int) -> bool:
        """Whether a clause goes on with a further verb of the subject before it: "and photographs every loaf"."""
        verb = self._words[i].endswith("s") and i + 1 < end and self._words[i + 1] in _L["determiners"]
        return verb and not self._text.within(i, "grammar.free.noun", "places.data.nouns")

    def _is_rest(self, first: int, end: int, *, counted: bool = False) -> bool:
        """Whether a clause without a verb goes on with what is told and limits nothing."""
        for k in range(first, end):
            word = self._words[k]
            if self._text.tokens[k].kind == "number" and counted:
                continue
            value = self._text.tokens[k].value
            if self._text.tokens[k].kind == "number" and not (isinstance(value, int) and 1900 < value < 2100):
                beside = {self._words[k - 1], *self._words[k + 1 : k + 2]} if k else set()
                if not beside & _L["sequence"]:
                    return False
            elif word in _L["elliptic"] and not self._is_idiom(k):
                return False
            elif self._text.lexicon.has(word, "told.choice") or self._text.tokens[k].kind not in (
                "word",
                "mark",
                "number",
            ):
                return False
        i = self._opening(first, end)[0]
        return i >= end or not self._is_order(i, end)

    def _is_idiom(self, k: int) -> bool:
        return self._words[k] == "last" and k + 1 < len(self._words) and self._words[k + 1] in _L["sequence"] | {
            "summer", "winter", "autumn", "spring", "time", "night"
        }  # fmt: skip

    def _is_scheduled(self, i: int, end: int) -> bool:
        return any(
            self._text.within(k, "grammar.mode.schedule") and self._words[k] != "am" for k in range(i, end)
        )

    def _means_something(self, i: int, end: int) -> bool:
        return any(self._means(k) for k in range(i, end))

    def _means(self, k: int) -> bool:
        """Whether a word could mean something for a run."""
        word = self._words[k]
        forms = {word, word.removesuffix("s"), word.removesuffix("ing"), word.removesuffix("ed")}
        return bool(forms & self._known) or self._is_technical(k)

    def _is_technical(self, k: int) -> bool:
        word = self._words[k]
        stems = (word.removesuffix(end) for end in ("ed", "d", "ing", "s"))
        return (
            self._text.within(k, *_TECHNICAL)
            or any(self._text.lexicon.has(w, _TECHNICAL[0]) for w in stems)
            or (
                len(word) > 6
                and word.endswith(("ize", "ise", "ized", "ised", "izing", "ising", "ify", "ified"))
            )
        )

    def _is_word(self, k: int) -> bool:
        return self._text.tokens[k].kind == "word"

    def _over_adverbs(self, k: int, end: int) -> int:
        while k < end and (
            self._words[k]
            in ("not", "never", "always", "only", "all", "both", "just", "also", "still", "really")
            or self._words[k].endswith("ly")
            or self._text.within(k, "grammar.free.adverb")
        ):
            k += 1
        return k


def _is_regular_past(word: str) -> bool:
    return word.endswith("ed") and len(word) > 3 and not word.endswith("eed")
