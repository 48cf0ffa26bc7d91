"""What a clause with a subject and a verb asks for all the same: what must be, is wanted, or limits."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.wording import Wording, is_many, is_over, is_regular_past, of

__all__ = ["Wishes"]

_DONE = tuple(f"actions.{a}.past" for a in ACTIONS)
_DATA = "places.data.nouns"
_OF_MANNERS = ("it", "that", "this")
_BEING = of("be") | {"was", "were"}
_OWING = frozenset({"need", "needs", "has", "have"})
_LIKING = frozenset({"like", "love", "prefer", "appreciate", "welcome"})
_ASKING = frozenset({"please", "you", "your", "whatever"})
_NEGATIONS = frozenset({"not", "no", "never", "none", "without", "left"})


@dataclass(frozen=True)
class _Said:
    """A clause with a subject: where the subject begins, its verb, the words."""

    begin: int
    verb: int
    end: int
    word: str
    after: str
    words: frozenset[str]
    mine: bool

    @property
    def holding(self) -> bool:
        """Whether it says what is or what somebody has."""
        return self.word in of("be") or self.word in ("have", "has", "own", "got")


class Wishes:
    """Tells the clauses of a text that ask from those that only tell."""

    def __init__(self, wording: Wording) -> None:
        self._of, self._text, self._words = wording, wording.text, wording.words

    def ask(self, first: int, i: int, verb: int, end: int, *, reason: bool) -> bool:
        """Whether a clause asks for something.

        Parameters
        ----------
        first, end
            The tokens of the clause.
        i, verb
            Where its subject begins, and its verb.
        reason
            Whether it gives a reason.
        """
        said = _Said(
            i, verb, end, self._words[verb], self._of.at(verb + 1, end), frozenset(self._words[first:end]),
            self._words[i] in ("i", "we"),
        )  # fmt: skip
        if self._foretells(said):
            return False
        if self._words[said.begin] == "you":
            return "to" in self._soon(said) or "please" in said.words
        if self._suffices(said) or (said.words & _ASKING and not self._addresses(said)):
            return True
        if said.word in of("speaking"):
            return self._passes_on(said)
        past = self._is_over(first, said)
        if said.word in _BEING and self._judges(said, past):
            return True
        asked = self._asks_by_verb(said, past, reason)
        if asked is not None:
            return asked
        if past:
            return not said.mine and bool(said.words & {"except", "excluding"})
        return not reason and self._limits(said)

    def _addresses(self, said: _Said) -> bool:
        """Whether a clause only tells something of the one addressed: "I owe you a coffee"."""
        orders = said.word in of("wants", "modals", "deontic", "able", "speaking") or "to" in said.words
        shows = said.word.removesuffix("s") in of("telling")  # "the sheet tells you what to do"
        telling = said.words & _ASKING == {"you"} and not (orders or shows)
        return telling and not self._of.weighs(range(said.verb, said.end))

    @staticmethod
    def _foretells(said: _Said) -> bool:
        """Whether a clause says what somebody hopes for or will do: "I will have a look"."""
        return said.word == "hope" or (said.word == "will" and said.mine and said.after not in of("wants"))

    @staticmethod
    def _suffices(said: _Said) -> bool:
        """Whether a clause says what is enough: "every fifth frame will do"."""
        return said.word in of("modals") and said.after in ("do", "suffice")

    def _does_without(self, said: _Said) -> bool:
        """Whether somebody else needs nothing of what a run may take: "the night shift doesn't need it"."""
        others = not said.mine and not self._of.is_about_runs(self._of.head(said.begin, said.verb))
        whole = range(said.verb + 1, said.end)
        rest = [k for k in whole if not self._text.within(k, "told.machines")]
        means = self._of.mean(rest) or self._text.holds(rest, _DATA, "told.heads")
        without = said.word in ("need", "needs") and "not" in said.words and not said.words & of("limits")
        return others and without and not means

    def _soon(self, said: _Said) -> list[str]:
        return self._words[said.verb + 1 : min(said.verb + 3, said.end)]

    def _passes_on(self, said: _Said) -> bool:
        """Whether what somebody has said or asked for is a wish: "we agreed to skip it"."""
        if said.after in ("me", "us") and not said.mine and self._is_errand(said):
            return False
        asked = said.after == "for" and not said.words & of("pronouns")
        return asked or bool(said.words & {"to", "that", "not", "only", "no"})

    def _asks_by_verb(self, said: _Said, past: bool, reason: bool) -> bool | None:
        """Whether a verb of duty, leave or will asks; None where the verb is none of them."""
        if reason and self._does_without(said):
            return False
        owing = said.word in _OWING and "to" in self._soon(said)
        if owing or said.word in of("deontic"):
            return not self._is_own(said)
        if said.mine and not past and self._is_about_runs(said):
            return True
        if said.word in of("able"):
            left = said.after in ("be", "go", "stay", "remain", "wait", "come", "not")
            return left or self._of.weighs(range(said.verb + 1, said.end))
        if said.word in of("wants"):
            return self._is_wish(said)
        return self._would(said) if said.word == "would" else None

    def _would(self, said: _Said) -> bool:
        """Whether what somebody would do or have is asked for: "overnight would be fine"."""
        if {"rather", "than"} <= said.words and self._gives_reason(said):
            return self._of.mean(range(said.verb, said.end))
        if said.after in _LIKING and self._text.holds(range(said.verb, said.end), *_DONE):
            return True  # "the trust would like it trained on X"
        return said.mine or (said.after == "be" and self._words[said.begin] not in _OF_MANNERS)

    def _gives_reason(self, said: _Said) -> bool:
        """Whether a preference only gives the reason of a value: "threshold 0.1, I'd rather see more"."""
        before = [c.last for c in self._text.ledger.of("value") if c.last < said.begin]
        return bool(before) and not {".", "!", "?", ";"} & set(self._words[before[-1] + 1 : said.begin])

    def _is_over(self, first: int, said: _Said) -> bool:
        """Whether a clause tells of what is over: "have been", "did not", "last week"."""
        over = said.word not in of("wants") and is_over(
            self._words[said.begin : said.end], said.verb - said.begin
        )
        return over or self._text.holds(range(first, said.end), "grammar.mode.past")

    def _judges(self, said: _Said, past: bool) -> bool:
        """Whether a clause says what is wanted, or what counts as what: "mules are horses"."""
        if said.word in of("be") and self._text.holds(range(said.verb, said.end), *_DONE):
            return True  # "the best one is exported"
        if said.word == "are" and self._words[said.begin] not in of("determiners") | {"there"}:
            many = (
                said.after.endswith("s") and is_many(said.after) and said.after not in ("always", "his", "as")
            )
            if many or said.words & {"same", "too"}:
                return True
        chosen = self._words[said.end - 1] in ("one", "ones") and self._words[said.begin] != "that"
        part = {"not", "part"} <= said.words or chosen
        return bool(said.words & of("relevant", "judging")) or part or (said.after == "to" and not past)

    def _is_about_runs(self, said: _Said) -> bool:
        """Whether what we do, we would do in a run: "we leave the third camera out", "we use Swin-L"."""
        using = said.word in ("use", "take", "run", "try")
        for k in range(said.verb, said.end):
            word = self._words[k]
            leaving = self._text.within(k, "grammar.operator.not", "grammar.mode.defer")
            if (leaving and word not in _NEGATIONS) or word in ACTIONS:
                return True
            if using and k > said.verb and self._text.ledger.said([k]) != self._text.ledger.said([k]).lower():
                return True
            which = {"the", "all", "every", "these", "those"} & set(
                self._words[max(said.verb + 1, k - 2) : k]
            )
            if which and self._text.within(k, _DATA):
                return {"ourselves", "myself"}.isdisjoint(self._words[k : said.end])
        return False

    def _is_own(self, said: _Said) -> bool:
        """Whether what must be is no matter of a run: "it has to be ready by Friday", "I have to show it"."""
        if (said.words & of("ready") and "be" in said.words) or self._is_hosted(said):
            return True
        deed = next((k + 1 for k in range(said.verb, said.end - 1) if self._words[k] == "to"), said.end)
        if not said.mine or deed >= said.end or self._of.is_technical(deed) or said.words & of("limits"):
            return False
        if self._words[deed] in of("errands"):
            return all(self._text.tokens[k].kind in ("word", "mark") for k in range(deed, said.end))
        if self._words[deed] in of("imperatives"):
            return self._of.at(deed + 1, said.end) in ("it", "this", "something")
        tokens = range(deed, said.end)
        return not self._of.mean(tokens) and not self._text.holds(tokens, "grammar.operator.not", _DATA)

    def _is_hosted(self, said: _Said) -> bool:
        """Whether a clause says where a model is to run one day: "the model has to fit on a small box"."""
        model = self._text.holds(range(said.begin, said.verb), "grammar.group.model")
        return model and any(
            self._words[k] in of("hosts")
            and self._of.at(k + 1, said.end) in of("prepositions")
            and self._text.holds(range(k + 2, min(k + 5, said.end)), "told.machines")
            for k in range(said.verb, said.end)
        )

    def _is_errand(self, said: _Said) -> bool:
        """Whether what somebody has asked of us is no matter of a run: "Dave asked me to get it going"."""
        tokens = range(said.verb + 2, said.end)
        return (
            "to" in said.words
            and not said.words & (of("limits") | _NEGATIONS)
            and not self._of.mean(tokens)
            and not self._text.holds(tokens, "grammar.operator.not", "told.choosing")
        )

    def _is_wish(self, said: _Said) -> bool:
        """Whether somebody wants something of a run: "I want no crops", not "my insurance wants proof"."""
        soon = self._of.at(said.verb + 2, said.end) in of("soon")
        if said.after in ("it", "this", "that", "them") and soon:
            return False
        if said.mine:
            return said.after != "to" or not self._is_own(said)
        tokens = range(said.verb + 1, said.end)
        nobody = self._words[said.begin] in ("nobody", "noone")  # "nobody needs the shrubs"
        return (
            (nobody and said.after not in of("pronouns"))
            or bool(said.words & of("limits", "narrowing"))
            or self._of.mean(tokens)
            or self._is_for_a_search(said)
            or any(self._is_of_a_run(k, said.verb) for k in tokens)
        )

    def _is_of_a_run(self, k: int, verb: int) -> bool:
        """Whether a word behind a wish says what a run has: a number, a size, what is done to data."""
        done = is_regular_past(self._words[k]) and k > verb + 1
        sized = self._text.within(k, "told.sizes") and self._text.within(k + 1, "grammar.group.model")
        return done or sized or self._text.kind(k) == "number"

    def _is_for_a_search(self, said: _Said) -> bool:
        """Whether more things are wanted where things are to be found: "Bob wants bikes"."""
        searched = bool(self._text.ledger.of("find", "captions"))
        return searched and is_many(said.after) and said.verb + 2 == said.end

    def _limits(self, said: _Said) -> bool:
        """Whether what is said in the present says how a run is to be."""
        head = self._of.head(said.begin, said.verb)
        if self._is_budget(said, head) or self._binds(said, head):
            return True
        subject = self._words[said.begin]
        run = self._is_of_run(subject, head)
        if run and said.word in of("be") and said.after == "the" and self._is_model(said, head):
            return True  # "the model is the small one"
        whole = run or "same" in said.words or subject in ("each", "every", "all")
        if (whole or self._words[head] == "numbers") and self._stays(said):
            return True
        if self._text.within(head, _DATA) or {"they", "them"} & set(self._words[said.begin : said.verb]):
            return self._limits_data(said)
        return self._acts(said, run)

    def _is_budget(self, said: _Said, head: int) -> bool:
        """Whether a clause says how much a search may take: "our budget ends at 50 euros"."""
        numbered = self._text.has_kind(range(said.verb, said.end), "number")
        return numbered and self._text.within(head, "slots.time_budget.nouns", "slots.gpu_hours.nouns")

    def _binds(self, said: _Said, head: int) -> bool:
        """Whether words of a clause bound something, or its verb says that something counts."""
        able = said.word in of("abilities") and not self._of.is_about_runs(head)
        judged = self._words[said.begin] not in of("people") - {"nobody"}
        return self._bounds(said, (said.mine and said.holding) or able) or (
            said.word in of("judging") and judged
        )

    def _acts(self, said: _Said, run: bool) -> bool:
        """Whether what a run does, what is done lightly, or what is so means something for a run."""
        being = said.word in of("be")
        if run and not (said.holding or said.word in of("stative", "modals", "failings")):
            return True
        light = said.mine and said.word != "have" and self._text.within(said.verb, "grammar.free.light")
        if light or run:
            return not (being and "gone" in said.words) and self._sets(said)
        return being and not said.after.endswith("ing") and self._of.mean(range(said.begin, said.end))

    def _bounds(self, said: _Said, holding: bool) -> bool:
        """Whether words of a clause bound something, whatever its subject: "except", "only"."""
        only = "only" in said.words and not holding
        return only or bool(said.words & of("limits")) or self._words[said.end - 1] == "next"

    def _is_of_run(self, subject: str, head: int) -> bool:
        """Whether the subject of a clause is a run, its model or what comes of it."""
        return (
            subject in ("it", "this", "that", "these", "those", "they", "no")
            or self._of.is_about_runs(head)
            or self._words[head] in ("rest", "output", "results")
            or (self._of.is_technical(head) and subject not in ("my", "our"))
        )

    def _is_model(self, said: _Said, head: int) -> bool:
        return any(
            self._text.within(k, "grammar.group.model") and self._words[k] != "one"
            for k in (head, said.end - 1)
        )

    @staticmethod
    def _stays(said: _Said) -> bool:
        """Whether a clause says what remains as it is: "the backbone stays frozen"."""
        whose = said.word.startswith("belong") and "to" in said.words
        return said.word in of("staying") and not whose

    def _limits_data(self, said: _Said) -> bool:
        """Whether a clause about data limits them: "the pictures are blurry", but "those are off limits"."""
        limited = said.after in ("off", "out", "double") or self._text.within(
            said.verb, "grammar.mode.directive", "grammar.operator.not"
        )
        return limited or (said.word not in of("be") and self._sets(said))

    def _sets(self, said: _Said) -> bool:
        """Whether a clause holds a word that means something for a run, or a time."""
        tokens = range(said.begin, said.end)
        return self._of.mean(tokens) or any(
            self._text.within(k, "grammar.mode.schedule") and self._words[k] != "am" for k in tokens
        )
