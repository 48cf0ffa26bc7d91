"""What a request says about hyperparameter search, negations included.

Every way to speak of a search becomes the one token ``H``; what stands before and after it decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.errors import ConflictError
from skillbank.plan.language.lexing import Pair
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx
from skillbank.plan.request import policy_word

_HYPER = r"(?:hyper ?)?(?:param|params|parameter|parameters)|hyperparameters?|hyperparams?|hparams?"
_SEARCH = (
    r"search(?:es)?|sweeps?|tuning|optimi[sz]ations?|tune|exploration|trials?|selection|scan"
    r"|sweeping|searching"
)
_GOAL = rf"(?:{_HYPER}|settings|configurations?|config|values?|lr|batch size|combination|setup)"
_SUBJECTS = tuple(
    rx(p)
    for p in (
        rf"(?:{_HYPER}|hp|hpo|automl|hyper|optuna|bayesian|random|grid|automatic|automated) (?:{_SEARCH})",
        r"(?:search|tuning|optimi[sz]ation|sweep|exploration) (?:of|over|for|through) "
        rf"<det*><adj*>(?:{_HYPER})",
        rf"(?:{_HYPER}) (?:(?:of|for) <det?>N )?(?:(?:to|be|being|are|is|get|should|must|have) )*"
        r"(?:tuned|optimi[sz]ed|searched|swept)",
        r"automl|hpo|hpt|auto ?tune|auto ?tuning|policy(?= (?:(?:is|=|:|to|set to) )*(?:off|on|auto)(?="
        r" [.,;!?)]|$| $))",
        r"sweeps?|tuning(?! of)",
        r"search(?= (?:(?:is|=|:|to|set to) )*(?:off|on)(?= (?:[.,;!?)]|and|please)|$| $))",
        r"(?:(?<=no )|(?<=any )|(?<=without ))(?:trials|searching)",
        r"(?:(?<=no )|(?<=a )|(?<=any )|(?<=the )|(?<=without )|(?<=skip )|(?<=this )|(?<=with )"
        r"|(?<=that ))search(?! (?:for|P|in|on))",
    )
)
_TUNE = rx(
    r"(?:tune|optimi[sz]e|optimi[sz]ing|sweep(?:ing)?(?: over)?|search(?:ing)?(?: over| for)?"
    r"|explor(?:e|ing)|find(?:ing)?|look(?:ing)? for"
    r"|determin(?:e|ing)|pick(?:ing)?(?: out)?|choos(?:e|ing)|select(?:ing)?|figure out|work out|tuning)"
    r" <det*>(?:<adj>|best|good|optimal|better|right|ideal|suitable|optimum)? "
    rf"?<det*>(?:N )?{_GOAL}(?: (?:automatically|for me|itself|yourself))?"
)
_PLAIN = rx(
    r"(?:plain(?:ly)?|vanilla|ordinary|straightforward|regular|conventional|single|simple"
    r"|normal|direct|one off|standard)"
    r"(?: (?:old|single|simple|one|plain|and simple|direct|normal))*"
    r" (?P<name>(?:(?:N|D epochs?) )*)(?P<what>training|finetuning|train|finetune|run|fit|training run"
    r"|training job|finetuning run)(?: only)?"
)
_ONCE = rx(
    r"(?:one run only|only one run|just one run|just once|only once|exactly once|once only|a "
    r"single time)"
)
_PAIR = rx("E")
_TURN_OF = rx(r"(?:turn|turned|turning|switch|switched|switching|shut) (?P<of>of)(?= <det*>H)")
_OF = rx(r"(?P<h>H) (?:(?:=|:|is|turned|switched) )*(?P<of>of)(?= [.,;!?)]|$| $| please)")
_ARROW = rx(r"(?P<h>H) ,(?= (?:off|disabled|none)(?: [.,;!?)]|$| $))")
_PAIRED = rx(r"H(?: (?:and|or|nor|/|\() <det?>(?:no |any )?H)+")

_NOT = words("not never nobody neither none nothing hardly")
_NOT_PHRASES = rx(
    r"no need (?:to|for|of)|no reason (?:to|for)|no wish (?:to|for)|refrain from|do not "
    r"bother(?: to| with)?|no (?:time|budget|money|patience|resources|interest|wish|appetite) (?:for|in|to)"
    r"|rather not|not have to|no point in"
)
_OFF = rx(
    r"turn(?:ed|ing|s)? off|switch(?:ed|ing|es)? off|disabl(?:e|ed|es|ing)|deactivat(?:e|ed|es"
    r"|ing)|skip(?:ped|ping|s)?|drop(?:ped|ping)?|avoid(?:ing)?"
    r"|omit(?:ting|ted)?|leav(?:e|ing) (?:out|off|away|aside)|left out|forget(?: about)?"
    r"|exclud(?:e|ing|ed)|bypass(?:ing|ed)?|suppress|stop|cut out|cut|kill"
    r"|ditch|opt(?:ing)? out of|stay away from|spare me|forgo|no|non|without|sans|minus|free of"
    r"|instead of|rather than|shut off|lose|neither|nor|zero|against"
    r"|remove|off with|save yourself|do away with|hold off on|hold off|except"
)
_ON = rx(
    r"us(?:e|ing|ed|es)|enabl(?:e|ed|es|ing)|activat(?:e|ed|es|ing)|turn(?:ed|ing|s)? on"
    r"|switch(?:ed|ing|es)? on|run(?:ning)?|do(?:ing)?|appl(?:y|ying)"
    r"|perform(?:ing)?|want|need|with|includ(?:e|ing)|start|launch|let|via|through|go for|try"
    r"|have|make use of|by|conduct|add|employ|kick off|by means of"
    r"|carry out|leverage|under|give|prefer|like|demand|insist on|keep|leave|trigger"
    r"|ask(?:ing)? for|call(?:ing)? for|allow(?:ing)?|turn|switch|set|put|take"
)
_STATES = {
    **dict.fromkeys(
        words(
            """off disabled false out no deactivated inactive unnecessary none skipped excluded omitted
            unwanted superfluous overkill waste pointless useless forbidden free"""
        ),
        "off",
    ),
    **dict.fromkeys(
        words(
            """on enabled true yes active activated wanted required needed necessary used use desired welcome
            need want"""
        ),
        "on",
    ),
    **dict.fromkeys(("auto", "default"), "auto"),
}
_WITHOUT_TURNING = [["without", "turning"], ["without", "switching"], ["without", "having"]]
_ANSWERS = {
    **dict.fromkeys(words("no nope nah nay nein non never none negative skip not unnecessary"), "off"),
    **dict.fromkeys(words("yes yep yeah yup ja oui sure absolutely definitely please"), "on"),
}
_COPULA = words(
    """is are = : should must be stay stays staying set to being remain remains kept has can shall will
    would may left a and was needs goes turned switched at have do does really for this time here
    the run please it you we i something anything what just go goes going stick with"""
)
_STOP = words(". , ; ! ? ( ) / | and but then when because so if or oops V P")
_PASSED = words(
    """the a an any this that all your my its some further full costly expensive it you us me to of kind
    sort please also really just more such do does did will would should need must can want wish
    like bother think have are is go even ever for i we be H with magic fancy lengthy long"""
)
_NOUNS = words("run experiment mode stuff thing magic business feature policy step please")
_HELPERS = words("do does did is are will should must need can would has have")
_ENDS = words(". , ; ! ? ) and please for this then but")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said about the policy: on, off or auto, the words, and where they stand."""

    value: str
    words: str
    at: int


def take_policy(text: Text) -> Said | None:
    """Take what is said about the policy out of a text, and return what holds.

    A negated "off" ("don't turn off AutoML") demands nothing: it is ``auto``. After a correction ("no wait")
    the later words hold.

    Raises
    ------
    ConflictError
        When the text asks for a search and for none.
    """
    corrections = [t.start for t in text.tokens if t.text == "oops"]
    said: list[Said] = []
    text.rewrite(_PAIR, lambda found: _pair(found, said))
    text.rewrite(_TUNE, lambda found: [found.one("H", "verb"), *found.kept("N")])
    for pattern in _SUBJECTS:
        text.rewrite(pattern, lambda found: [found.one("H"), *found.kept("N")])
    text.rewrite(_PAIRED, lambda found: [found.one("H", found.tokens()[0].value)])
    text.rewrite(_TURN_OF, _off)
    text.rewrite(_OF, _off)
    text.rewrite(_ARROW, lambda found: found.tokens("h"))
    text.rewrite(_PLAIN, _plain)
    text.rewrite(_ONCE, lambda found: [found.one("no"), found.one("H")])
    _resolve_pronouns(text)
    while (at := next((i for i, t in enumerate(text.tokens) if t.text == "H"), None)) is not None:
        said.append(_take_mention(text, at))
    if corrections:
        said = [s for s in said if s.at > corrections[-1]] or said
    demands = {s.value: s for s in said if s.value != "auto"}
    if len(demands) > 1:
        raise ConflictError(
            f"The request asks for a hyperparameter search ('{demands['on'].words}') and for none "
            f"('{demands['off'].words}'); keep one of them."
        )
    return next(iter(demands.values()), said[-1] if said else None)


def _resolve_pronouns(text: Text) -> None:
    """Read "without it" after a search was spoken of; what is told of the search demands nothing."""
    first = next((i for i, t in enumerate(text.tokens) if t.text == "H"), None)
    if first is None:
        return

    def resolved(found: Found) -> list[Token] | None:
        if found.first < first:
            return None
        return [Token("H", t.start, t.end) if t.text in ("it", "that", "this") else t for t in found.tokens()]

    text.rewrite(_PRONOUN, resolved)
    text.rewrite(_TOLD, lambda found: [t for t in found.tokens() if t.text != "H"])


_PRONOUN = rx(
    r"without (?:it|that|this)(?= (?:[.,;!?)]|please|this time)|$| $)|(?:turn|switch|leave) (?:it|that)"
    r" (?:off|on)"
    r"(?= (?:[.,;!?)]|and|please|for)|$| $)"
)
_TOLD = rx(
    r"H (?:took|was|cost|had|ran|gave|did|failed|crashed|made|is on by default|is off by default)(?!"
    r" (?:not )?"
    r"(?:off|on|disabled|enabled|turned|switched|needed|wanted))"
)


def _pair(found: Found, said: list[Said]) -> list[Token] | None:
    [token] = found.tokens()
    pair: Pair = token.value
    if pair.key.lower() not in ("automl", "automl_policy", "hpo"):
        return None
    said.append(Said(policy_word(pair.value.strip("\"'")), found.said(), token.start))
    return []


def _off(found: Found) -> list[Token]:
    """Beside a search, "turn of" misses a letter."""
    [of] = found.tokens("of")
    return [Token("off", t.start, t.end) if t is of else t for t in found.tokens()]


def _plain(found: Found) -> list[Token]:
    """A plain training is a training without a search."""
    kept = [t for t in found.tokens("what") if t.text not in ("run", "job")]
    return [found.one("no"), found.one("H"), *found.tokens("name"), *kept]


def _take_mention(text: Text, at: int) -> Said:
    """Judge one ``H`` by the words around it, and take out those that belong to it."""
    tokens = text.tokens
    first = at
    while first > 0 and at - first < 9 and tokens[first - 1].text not in _STOP:
        first -= 1
    value, negations, used = _before(Text(text.original, tokens[first:at]))
    used = {at, *(first + i for i in used)}
    state, denied, end = _after(tokens, at + 1)
    if state is not None:
        if not (value == "off" and state == "on"):  # "no AutoML required" stays off
            value = state
        negations += denied
        if [t.text for t in tokens[max(first, at - 2) : at]] in _WITHOUT_TURNING:
            negations += 1  # "without turning AutoML off"
            used |= {at - 2, at - 1}
        used |= set(range(at, end))
    value = value or "on"
    if value != "auto" and negations % 2:
        value = "auto" if value == "off" else "off"
    said = Said(value, text.source([tokens[i] for i in sorted(used)]), tokens[min(used)].start)
    last = max(used) + 1
    if last < len(tokens) and tokens[last].text in _NOUNS:
        last += 1
    rest = [
        tokens[i] for i in range(min(used), last) if i not in used and tokens[i].text not in _PASSED | _NOUNS
    ]
    if value == "on":
        # To tune the hyperparameters of a model, or to run a search for it, is to train it.
        word = "tunehyper" if tokens[at].value == "verb" else "usehyper"
        rest.append(Token(word, tokens[at].start, tokens[at].end))
    text.replace(min(used), last, rest)
    return said


def _before(left: Text) -> tuple[str | None, int, set[int]]:
    """Find the nearest operator before the mention, and the negations of it.

    Returns
    -------
    tuple
        What the operator says, how many negations stand before it, and which tokens say so.
    """
    phrases = list(left.find(_NOT_PHRASES))
    used = {i for found in phrases for i in range(found.first, found.last)}
    operators = [
        (found.last, found.last - found.first, found.first, value)
        for value, rule in (("off", _OFF), ("on", _ON))
        for found in left.find(rule)
        if found.first not in used and all(t.text in _PASSED for t in left.tokens[found.last :])
    ]
    value, start = None, len(left.tokens)
    if operators:
        end, _, start, value = max(operators)
        used |= set(range(start, end))
    negations = len(phrases)
    if value is not None and start and left.tokens[start - 1].text == "without":
        negations += 1  # "without turning off AutoML"
        used.add(start - 1)
    for i, token in enumerate(left.tokens[:start]):
        if token.text in _NOT and i not in used:
            negations += 1
            used |= {i, i - 1} if i and left.tokens[i - 1].text in _HELPERS else {i}
    return value, negations, used


def _after(tokens: list[Token], at: int) -> tuple[str | None, int, int]:
    """Find the state said after the mention ("is not needed"): value, negations, and where it ends."""
    negations = 0
    if (
        tokens[at : at + 1]
        and tokens[at].text in ("?", ":")
        and len(tokens) > at + 1
        and tokens[at + 1].text in _ANSWERS
    ):
        return _ANSWERS[tokens[at + 1].text], 0, at + 2
    for i in range(at, min(at + 7, len(tokens))):
        word = tokens[i].text
        following = tokens[i + 1].text if i + 1 < len(tokens) else "."
        # "AutoML on s3://..." says where the data is; "AutoML on, please" says that it is on.
        bare = i == at or tokens[i - 1].text in (":", "=")
        if word == "no" and following == "H":
            break  # a mention of its own: "a single run and no search"
        if word in _STATES and not (word in ("on", "use") and bare and following not in _ENDS):
            return _STATES[word], negations, i + 1
        if word == "D" and tokens[i].value == 0:
            return "off", negations, i + 1
        if word in _NOT:
            negations += 1
        elif word not in _COPULA or (word in (":", "=") and i > at):
            break
    return None, 0, at
