"""Which earlier job a request starts from: by its id, or as the last one of its kind."""

from __future__ import annotations

from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import ACTION_NOUNS, ACTION_VERBS, rx

_KINDS = {
    "train": "training|train|trained|finetuning|finetuned|finetune",
    "export": "export|exported|onnx|onnx export|onnx file",
    "gen_trt_engine": "engine|build|tensorrt engine|tensorrt|engine build|engine built|build tensorrt engine",
    "quantize": "quantization|quantisation|quantized|quantised|quantize",
    "evaluate": "evaluation|eval|evaluate",
    "inference": "inference|prediction|predictions",
    "prune": "pruning|pruned|prune",
    "distill": "distillation|distilled|distill",
}
_KIND = "|".join(f"(?P<{action}>{words})" for action, words in _KINDS.items())
_WHAT = r"model|models|checkpoint|checkpoints|weights|detector|network"
_THING = rf"(?:{_WHAT}|run|runs|job|jobs|session|experiment|one|file|result|results|version|attempt)"
_OWNER = (
    r"(?:checkpoint|checkpoints|weights|model|models|result|results|output|outputs|best"
    r"|network|product|best model|best checkpoint|file|artifact|state)"
)
_FROM = (
    r"(?:from|of|out of|based on|produced by|produced in|by|in|with|using|use|taken from"
    r"|trained in|trained by|made by|made in|built in|built by|created by"
    r"|created in|belonging to|parent|on top of|coming from|that came out of|starting from"
    r"|start from|exported in|exported by|obtained in|for|take|see"
    r"|resulting from|stored in|behind)"
)
_IS_JOB = rx(
    r"(?P<j>J) (?:is|was|being|=|as|would be) (?:(?:the|my|our|its) )*(?:parent |training |source "
    r")?(?:job|parent|run|id|one)(?: (?:id|number|i mean|to use|in question))?"
    r"|(?P<k>J(?: N)?) (?:is|was) (?:a|an) (?:training|evaluation|export|quantization|inference)(?: (?:run"
    r"|job))?"
)
_BRACKETED = rx(r"\( (?:(?:from|of|in|see|it is|id|the) )*J \)")
_LAST = rx(
    rf"<det*>(?:very |my )?<last>(?: (?P<n1>N))?(?: (?:{_KIND}))?(?: (?P<n2>N))?(?: "
    rf"(?P<thing>{_THING}))*(?: (?:of|for) <det?>(?P<n3>N))?"
)
_NAMED_LAST = rx(r"(?:the )?(?:job|run|parent) last(?= [.,;:!?)]|$| $| (?:and|then|on|with|using) )")
"""The name that the command line has for it: "evaluate it from job last"."""
_JUST = rx(
    r"(?:the|our|my) (?:N )?(?:model|training|run|job|checkpoint|detector|network|one|weights"
    r"|engine|export|result)(?: (?:that|which))?(?: (?:i|we|you))?"
    rf"(?: (?:have|has|was|had))? (?:just|recently) (?:been )?(?:{_KIND}|finished|completed"
    r"|ended|ran|made|built|done|produced|did)"
)
_WORD_OF = rx(rf"{_FROM} <det*>{_OWNER}(?: {_FROM})?(?: <det?>N)? <det?>J")
_KIND_OF = rx(
    r"(?:from|of|using|with|in|by|after(?! an? )|use|take|on) <det*><adj*>(?P<n>(?:N )?)(?:"
    + "|".join(v for k, v in _KINDS.items() if k != "gen_trt_engine")
    + rf"|(?P<engine>{_KINDS['gen_trt_engine']}))(?: (?:run|job|task|experiment))? (?:(?:of|in"
    r"|from|for) )?(?P<n2>(?:N )?)(?P<j>J)"
)
_NOUN_OF = rx(
    r"(?:the|my|our) (?P<n>(?:N )?)(?:training|export|quantization|engine)(?: (?:run|job"
    r"|task))? (?P<j>J)"
)
_TRAINING_OF = rx(r"(?:training|trained)(?: (?:run|job|was|is|being|number))* (?P<j>J)")
_FINISHED_LAST = rx(
    rf"(?:the|our|my) (?:N )?(?:{_KIND})(?: (?:run|job|task))?(?: (?:that|which|we|i|you|it|have|has|was"
    rf"|were|did"
    r"|made|ran|finished|ended|completed|started|came|run|done|trained))* (?:last|latest|most recently|most"
    r" recent)"
    r"(?! (?:<data>))"
)
_PREPARED = rx(
    rf"(?:{_OWNER} )?(?:is |are |lies |comes |taken |trained )?{_FROM} <det*>(?:(?:run|parent"
    r"|experiment|id|training) )?(?P<j>J)"
)

_ELSE = rx(
    "|".join(w for a in ACTION_VERBS if a != "train" for w in (*ACTION_VERBS[a], *ACTION_NOUNS[a])) + "|onnx"
    "|engine|tensorrt|exported|evaluated|quantized"
)
"""Another action than a training: a training that is named with a job beside it is that job."""


def take_last(text: Text) -> None:
    """Turn "the last training of Grounding DINO" into a job and the name."""
    text.rewrite(_FINISHED_LAST, _just)
    text.rewrite(_LAST, _last)
    text.rewrite(_NAMED_LAST, lambda found: [found.one("J", "last")])
    text.rewrite(_JUST, _just)


def _just(found: Found) -> list[Token]:
    action = next((a for a in _KINDS if found.match[a]), None)
    words = {t.text for t in found.tokens()}
    if action is None and words & {"run", "job"} and "training" not in words:
        return [found.one("J", "last"), *found.kept("N")]
    return [found.one("J", f"last:{action or 'train'}"), *found.kept("N")]


def _last(found: Found) -> list[Token] | None:
    action = next((a for a in _KINDS if found.match[a]), None)
    thing = found.match["thing"]
    names = found.kept("N")
    if action is None and thing is None and not names:
        return None
    if action is None and thing in ("result", "results", "file", "version", "attempt", "session"):
        return None
    if action is None and thing in ("job", "jobs", "run", "runs", "one", "experiment"):
        job = "last"
    else:
        job = f"last:{action or 'train'}"
    return [found.one("J", job), *names]


def join_words(text: Text) -> None:
    """Take the words that only lead to a job ("using the checkpoint of job X") into its token."""
    text.rewrite(_IS_JOB, lambda found: found.tokens("j") or found.tokens("k"))
    text.rewrite(_BRACKETED, lambda found: found.kept("J"))
    text.rewrite(_KIND_OF, _kind_of)
    text.rewrite(_NOUN_OF, lambda found: None if _is_made(found) else _kind_of(found))
    if text.has(_ELSE):
        text.rewrite(_TRAINING_OF, lambda found: found.tokens("j"))
    text.rewrite(_WORD_OF, lambda found: [*found.kept("N"), *found.kept("J")])
    text.rewrite(_PREPARED, lambda found: found.kept("J"))


def _is_made(found: Found) -> bool:
    """Whether a verb of making stands before: "build the engine J" is no engine that is there."""
    return found.first > 0 and rx.is_one_of(found.text.tokens[found.first - 1].text, "make")


def _kind_of(found: Found) -> list[Token]:
    engine = [found.one("engine")] if "engine" in found.match.re.groupindex and found.match["engine"] else []
    return [*found.kept("N"), *engine, *found.tokens("j")]
