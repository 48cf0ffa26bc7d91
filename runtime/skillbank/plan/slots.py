"""What can be said about a run: one table, of which options, tools' arguments and the reader are made.

A slot that fills a *setting* is known by a name that skills give a meaning to: by a shorthand of the skill
(``spec_shorthand_keys``), or by a spec key of the action with one of the names in `Slot.names`; see
`skillbank.plan.slot_keys`. No key of a model's family stands here. How people say a slot stands in
``plan/reader/words``, under the slot's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skillbank.plugins import Group, names
from skillbank.ways import Way, option

__all__ = ["ANSWERS", "SLOTS", "Fills", "Kind", "Slot", "slot"]


class Kind(StrEnum):
    """What the value of a slot is."""

    NUMBER = "number"
    COUNT = "count"
    CHOICE = "choice"
    TEXT = "text"
    TEXTS = "texts"
    COUNTS = "counts"
    PLACE = "place"
    JOB = "job"
    DURATION = "duration"


class Fills(StrEnum):
    """Where the value of a slot goes: a field of the request, a value of the spec, or one of the search.

    An answer goes to a question about the words of the request themselves.
    """

    FIELD = "field"
    SETTING = "setting"
    SEARCH = "search"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing that can be said about a run.

    Attributes
    ----------
    name
        As an argument of tools; with hyphens it is the option of the command line.
    kind
        What its value is.
    fills
        What it fills: for `Fills.FIELD` the field of `Request` with this name, for `Fills.SEARCH` the setting
        ``automl.`` and the first of ``names``.
    names
        Shorthands and last parts of spec keys that mean it, the usual one first.
    metavar
        How its value is shown in help.
    minimum
        The least number that it can be.
    spellings
        Other ways to say its choices.
    open
        Whether there may be more choices: a platform that somebody added, what a skill's schema lists.
    hint
        What an agent is told where the name does not say it; a few words, as each call pays for them.
    """

    name: str
    kind: Kind
    fills: Fills
    help: str
    names: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    minimum: int | None = None
    spellings: tuple[tuple[str, str], ...] = ()
    open: bool = False
    hint: str = ""

    @property
    def option(self) -> str:
        """The option of the command line."""
        return f"--{self.name.replace('_', '-')}"

    def way(self, argument: object = "") -> Way:
        """Return the way out that it is to be said, with what is given to it."""
        return option(self.name.replace("_", "-"), argument)

    @property
    def key(self) -> str:
        """The key of its setting in a request, before a skill has given it a meaning."""
        usual = self.names[0] if self.names else self.name
        return f"automl.{usual}" if self.fills is Fills.SEARCH else usual


_ON, _OFF = ("true", "yes", "1"), ("false", "no", "0")
_POLICIES = (*((word, "on") for word in _ON), *((word, "off") for word in _OFF))

SLOTS: tuple[Slot, ...] = (
    Slot("variant", Kind.TEXT, Fills.FIELD, "The action's variant, e.g. deploy."),
    Slot("parent", Kind.JOB, Fills.FIELD, "The job whose model is used; 'last' works.", metavar="JOB",
         hint="job|last:train"),
    Slot("pretrained", Kind.PLACE, Fills.FIELD,
         "A model to start from: a file, a folder, a job, a name on the model hub, or 'none'.", metavar="URI",
         hint="file|job|hub name|none"),
    Slot("automl", Kind.CHOICE, Fills.FIELD, "AutoML for this run.", choices=("auto", "on", "off"),
         spellings=_POLICIES),
    Slot("platform", Kind.CHOICE, Fills.FIELD, "Where it runs.", choices=names(Group.PLATFORMS),
         open=True),
    Slot("image", Kind.TEXT, Fills.FIELD, "A container image in place of the skill's own.", metavar="URI"),
    Slot("gpus", Kind.COUNT, Fills.FIELD, "Number of GPUs of a node; 0 runs on the CPU.", minimum=0),
    Slot("nodes", Kind.COUNT, Fills.FIELD, "Number of nodes.", minimum=1),
    Slot("on_broken", Kind.CHOICE, Fills.FIELD, "What becomes of broken pictures and boxes of the data.",
         choices=("refuse", "skip"), spellings=(("drop", "skip"), ("ignore", "skip"), ("stop", "refuse"))),
    Slot("format", Kind.CHOICE, Fills.FIELD, "How the data is read, where two formats claim it.",
         choices=names(Group.LABEL_FORMATS), metavar="FORMAT",
         spellings=(("pascal_voc", "voc"), ("pascal", "voc"), ("ms_coco", "coco"), ("mscoco", "coco"),
                    ("darknet", "yolo"), ("huggingface", "hugging_face"), ("openimages", "open_images"),
                    ("labelstudio", "label_studio"), ("createml", "create_ml"), ("wider_face", "wider"),
                    ("widerface", "wider"), ("motchallenge", "mot"), ("scalabel", "bdd100k"))),
    Slot("results_root", Kind.PLACE, Fills.FIELD, "Where results are written.", metavar="DIR|s3://"),
    Slot("epochs", Kind.COUNT, Fills.SETTING, "Passes over the training data.",
         ("num_epochs", "epochs", "max_epochs"), minimum=1),
    Slot("batch_size", Kind.COUNT, Fills.SETTING, "Images of a step on each GPU.", ("batch_size",),
         minimum=1),
    Slot("learning_rate", Kind.NUMBER, Fills.SETTING, "Learning rate.", ("learning_rate", "lr", "base_lr"),
         minimum=0),
    Slot("seed", Kind.COUNT, Fills.SETTING, "Seed of all random choices.", ("seed", "random_seed"),
         minimum=0),
    Slot("precision", Kind.CHOICE, Fills.SETTING, "Arithmetic of training, or of an engine.",
         ("precision", "data_type"), choices=("fp32", "fp16", "bf16", "int8"), open=True),
    Slot("threshold", Kind.NUMBER, Fills.SETTING, "Least score of what counts as found.",
         ("conf_threshold", "threshold", "score_threshold", "score_thresh"), minimum=0),
    Slot("validation_interval", Kind.COUNT, Fills.SETTING, "Epochs from one validation to the next.",
         ("validation_interval",), minimum=1),
    Slot("checkpoint_interval", Kind.COUNT, Fills.SETTING, "Epochs from one checkpoint to the next.",
         ("checkpoint_interval",), minimum=1),
    Slot("gpu_ids", Kind.COUNTS, Fills.SETTING, "Which GPUs of a node.", ("gpu_ids",), metavar="N,N,...",
         minimum=0),
    Slot("captions", Kind.TEXTS, Fills.SETTING, "What is to be found, in words; may be repeated.",
         ("captions", "prompts"), metavar="TEXT", hint="[what to find]"),
    Slot("trials", Kind.COUNT, Fills.SEARCH, "Trials of a search at most.",
         ("max_recommendations", "num_recommendations", "recommendations", "max_trials"), minimum=1),
    Slot("parallel_trials", Kind.COUNT, Fills.SEARCH, "Trials at once.",
         ("parallel", "max_concurrent", "max_parallel"), minimum=1),
    Slot("algorithm", Kind.CHOICE, Fills.SEARCH, "How a search goes on.", ("algorithm",),
         choices=names(Group.AUTOML_ALGORITHMS), metavar="NAME",
         spellings=(("cma_es", "cmaes"), ("hes", "hyperband_es"), ("gp", "bayesian"))),
    Slot("time_budget", Kind.DURATION, Fills.SEARCH, "Wall time of a whole search, such as 8h.",
         ("time_budget",), metavar="TIME", hint="8h"),
    Slot("gpu_hours", Kind.NUMBER, Fills.SEARCH, "GPU hours of a whole search.", ("cost_budget",), minimum=0),
    Slot("trial_timeout", Kind.DURATION, Fills.SEARCH, "Longest time of one trial, such as 90m.",
         ("trial_timeout",), metavar="TIME"),
    Slot("patience", Kind.COUNT, Fills.SEARCH, "Trials without a better one after which a search ends.",
         ("patience",), minimum=1),
)  # fmt: skip
"""Every slot, in the order in which it is shown. Data and further spec values are said by role and by key."""

ANSWERS: tuple[Slot, ...] = (
    Slot("leave_out", Kind.TEXTS, Fills.ANSWER,
         "Words of the request that were not understood and count for nothing; may be repeated.",
         metavar="WORDS"),
)  # fmt: skip
"""Slots that no words fill: options and arguments of tools alone."""

_BY_NAME = {slot.name: slot for slot in (*SLOTS, *ANSWERS)}


def slot(name: str) -> Slot:
    """Return a slot by name."""
    return _BY_NAME[name]
