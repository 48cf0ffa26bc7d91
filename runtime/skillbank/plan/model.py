"""The plan: what a request compiles to, frozen, hashed, and able to explain every value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skillbank.bank.foreign import FromSkill
from skillbank.errors import StateError
from skillbank.plan.kept_sentences import ways_of, with_ways
from skillbank.plan.products import WEIGHT_FILES
from skillbank.ways import Sentence, Told, command, marked

FORMAT = 3
"""Of the plans that this version makes; 1 is that of 0.1.0, whose plans do not say so.

The id of a plan of format 3 is of what runs; how that was said and what was remarked is no part of it.
"""
RESULTS_DIR = "{results_dir}"
"""Token in specs for the job's own results directory."""
PARENT_MODEL = "{parent_model}"
"""Token in specs for the model file chosen from the parent's results."""
PARENT_MODEL_FOLDER = "{parent_model_folder}"
"""Token in specs for the folder that holds the parent's model."""
RESUME_MODEL = "{resume_model}"
"""Token in specs for the newest complete checkpoint in the job's own results; empty when there is none."""
TOKENS = (RESULTS_DIR, PARENT_MODEL, PARENT_MODEL_FOLDER, RESUME_MODEL)
"""What stands in a plan for places that only a launch knows."""


_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def is_hub_name(text: str) -> bool:
    """Say whether a text has the form of a name on the model hub, ``OWNER/NAME``; it may be a path too."""
    return _HUB_NAME.fullmatch(text) is not None and not text.lower().endswith(WEIGHT_FILES)


class Source(StrEnum):
    """Where a value of the spec came from, in the order in which the layers are applied."""

    TEMPLATE = "template"
    SKILL_INFO = "skill_info"
    PARENT = "parent"
    DATASET_TABLE = "dataset_table"
    INFERENCE = "inference"
    AUTOML = "automl"
    SHORTHAND = "shorthand"
    USER = "user"
    RETRY = "retry"


class Frozen(BaseModel):
    """Base of the plan's parts: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(Frozen):
    """What is known of the bank from outside that a skill lies in; all empty for skillbank's own bank.

    Attributes
    ----------
    bank_digest
        Of all files of the bank that count, see `skillbank.bank.contents`.
    signer
        Who signed the skill as it was planned.
    commit
        The commit that the bank was fetched at.
    folder
        Where the bank lies on the machine that makes the plan.
    """

    bank_digest: str = ""
    signer: str = ""
    commit: str = ""
    folder: str = ""


class SkillRef(Frozen):
    """Which skill was compiled: enough to notice later that it has changed.

    ``bank_digest``, ``signer`` and ``commit`` are of a bank from outside, see `Origin`; a plan of the bank
    that comes with skillbank has none of them.
    """

    name: str
    version: str
    digest: str
    bank: str
    bank_digest: str = Field(default="", exclude_if=lambda value: not value)
    signer: str = Field(default="", exclude_if=lambda value: not value)
    commit: str = Field(default="", exclude_if=lambda value: not value)


class Route(Frozen):
    """``automl`` sends the action to hyperparameter search, ``direct`` straight to the platform.

    ``skill`` is the skill that the action goes through, with the folder ``skill_dir`` of the model's skill,
    relative to its bank, so that it is the same on every machine.
    """

    name: Literal["automl", "direct"]
    reason: Told
    skill: str = Field(default="", exclude_if=lambda value: not value)
    skill_dir: str = Field(default="", exclude_if=lambda value: not value)


class Policy(Frozen):
    """The automl_policy of this run and where it was said."""

    value: Literal["auto", "on", "off"]
    source: str


class Override(Frozen):
    """One value that differs from the template, and why."""

    key: str
    value: Any
    source: Source
    detail: Told = ""


class Selective(Frozen):
    """Of a remote folder only those files are needed that an annotation file names.

    ``annotation`` is the key of the input that is this file, ``keys`` the fields in it that name files.
    """

    annotation: str
    format: str
    keys: tuple[str, ...] = ()


class InputBinding(Frozen):
    """One input of the action: a URI, or a token that launch resolves.

    ``runtime`` says what the program gets: ``file``, ``folder``, or ``extracted_folder`` (an
    archive that is unpacked on the way). ``optional`` inputs are left out where nothing is there: only those
    that nobody named. ``hub`` inputs may also be a name on the model hub, which the program resolves.
    ``place`` is the location of the data set that the input is a file of, as it was named; the file may have
    to be made of what lies there. ``form`` is the format that a person has said it is read as.
    """

    key: str
    uri: str
    runtime: Literal["file", "folder", "extracted_folder", "value"] = "file"
    type: str = "file"
    optional: bool = False
    source: str = ""
    selective: Selective | None = Field(default=None, exclude_if=lambda value: value is None)
    hub: bool = Field(default=False, exclude_if=lambda value: not value)
    place: str = Field(default="", exclude_if=lambda value: not value)
    form: str = Field(default="", exclude_if=lambda value: not value)

    @property
    def file(self) -> str:
        """The path of the file below its place, as the skill's table names it; empty without a place."""
        return self.uri[len(self.place) :].lstrip("/") if self.place else ""

    @property
    def on_hub(self) -> bool:
        """Whether it names a model on the hub: folders of this machine are absolute in a plan."""
        return self.hub and is_hub_name(self.uri)


class Resources(Frozen):
    """What the job asks of its platform."""

    gpus: int = 0
    nodes: int = 1
    shm_size: str = "16g"
    cpus: float | None = None
    memory: str | None = None
    gpu_memory_gb: float | None = Field(default=None, description="Memory that each GPU should have.")


class ParentRef(Frozen):
    """A parent: a job that exists, or an earlier plan of the same chain."""

    job: str | None = None
    plan: str | None = None
    action: str
    skill: str


WORDS = "words"
"""Key of the question about words of a request that were not understood."""


class Question(Frozen):
    """Something that the plan needs and will not guess."""

    key: str
    why: Told
    choices: tuple[Told, ...] = ()
    from_skill: FromSkill | None = Field(
        default=None, exclude_if=lambda value: value is None, description="What the skill says of it."
    )


class SearchNeeds(Frozen):
    """What a search takes from its skill, so that nobody has to read it there again.

    ``schema_sha256`` is of the schema that the space is made of; which keys and ranges are asked for stands
    in the plan's ``automl``. ``settle`` are the commands, by action, that say once the plan is approved what
    the program makes of a spec on its machine. ``evaluation`` evaluates the model of a trial, ``baseline``
    the pretrained model that was given; what cannot be evaluated is said in ``notes``.
    """

    schema_sha256: str
    epochs_key: str | None = None
    settle: dict[str, str] = {}
    evaluation: Plan | None = None
    baseline: Plan | None = None
    notes: tuple[Told, ...] = ()


class Plan(Frozen):
    """The frozen result of compiling one request for one action."""

    format: int = Field(
        default=1,
        ge=1,
        exclude_if=lambda value: value == 1,
        description="Version of this document; one that has none is of skillbank 0.1.0.",
    )
    skill: SkillRef
    action: str
    variant: str | None = None
    network_arch: str = ""
    route: Route
    automl_policy: Policy
    platform: str
    image: str | None
    image_source: str = "skill"
    command: tuple[str, ...]
    mode: Literal["config", "args", "passthrough"] = "config"
    config_format: Literal["yaml", "json", "toml"] = "yaml"
    spec: dict[str, Any]
    overrides: tuple[Override, ...] = ()
    inputs: tuple[InputBinding, ...] = ()
    outputs: tuple[str, ...] = ()
    upload_excludes: tuple[str, ...] = ()
    resources: Resources = Resources()
    env_names: tuple[str, ...] = ()
    env_required: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="Those of env_names without which the skill says that its program cannot work.",
    )
    parents: tuple[ParentRef, ...] = ()
    questions: tuple[Question, ...] = ()
    questions_with_gpu: tuple[Question, ...] = Field(
        default=(), exclude_if=lambda value: not value, description="Asked only where there is a GPU."
    )
    warnings: tuple[Told, ...] = ()
    data_type: str = Field(
        default="",
        exclude_if=lambda value: not value,
        description="The type of data sets that the skill says it takes: object_detection.",
    )
    left_open: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="Keys without a value in the sections of other actions, which this one does not read.",
    )
    first_category: Literal[0, 1] | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="The id of the first category in COCO documents, where the skill says it.",
    )
    metric: str | None = None
    metric_direction: Literal["maximize", "minimize"] | None = None
    automl: dict[str, object] | None = None
    search: SearchNeeds | None = Field(default=None, exclude_if=lambda value: value is None)
    results_root: str | None = None
    on_broken: Literal["refuse", "skip"] = Field(
        default="refuse",
        exclude_if=lambda value: value == "refuse",
        description="What becomes of pictures and boxes of the data that are broken.",
    )
    request: str = Field(default="", description="The request as it was said; not part of the plan_id.")
    left_out: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda value: not value,
        description="Words of it that were not understood and were left out; not part of the plan_id.",
    )
    skill_path: str = Field(
        default="",
        exclude_if=lambda value: not value,
        description="The skill's folder on the machine that made the plan; not part of the plan_id.",
    )

    bank_path: str = Field(
        default="",
        exclude_if=lambda value: not value,
        description="The folder of a bank from outside, as skill_path; not part of the plan_id.",
    )

    @property
    def gpus_asked(self) -> bool:
        """Whether the user, and not the skill, says how many GPUs it takes."""
        key = f"{self.action}.num_gpus"
        return any(o.key == key and o.source in (Source.USER, Source.SHORTHAND) for o in self.overrides)

    @property
    def plan_id(self) -> str:
        """Sha256 of the canonical JSON without the volatile fields, see `document_id`."""
        return document_id(self.model_dump(mode="json"))

    def document(self) -> dict[str, Any]:
        """Return the plan as a JSON document with its id first."""
        return {"plan_id": self.plan_id, **self.model_dump(mode="json")}

    def parts(self) -> Iterator[Plan]:
        """Yield the plan, and the plans inside it that its search starts."""
        yield self
        if self.search is not None:
            yield from (each for each in (self.search.evaluation, self.search.baseline) if each is not None)

    def kept(self) -> dict[str, Any]:
        """Return the document as it is kept here, for `from_document`: with what its sentences offer."""
        ways = ways_of(self)
        return {**self.document(), **({"ways": ways} if ways else {})}

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Plan:
        """Read a plan that this version or an earlier one has written; it keeps its id.

        Raises
        ------
        StateError
            When its content is not what its ``plan_id`` stands for, or it cannot be read: one sentence.
        """
        fields = dict(document)
        claimed = fields.pop("plan_id", None)
        ways = fields.pop("ways", None)
        for beside in ("checks", "sentence"):
            fields.pop(beside, None)
        written = document_id(fields)
        name = f"plan {(claimed if isinstance(claimed, str) and claimed else written)[:12]}"
        again = Sentence(f"make it again with {command('plan')}")
        version = fields.get("format", 1)
        if not isinstance(version, int) or version > FORMAT:
            raise StateError(
                f"{name} was made by a newer skillbank (format {version}, this one reads up to {FORMAT}); "
                f"upgrade skillbank, or {marked(again)}"
            )
        older = f" was made by an earlier skillbank (format {version}) and" if version < FORMAT else ""
        changed = Sentence(f"{name} was changed since it was made, and will not run; {marked(again)}")
        try:
            plan = cls.model_validate(with_ways(fields, ways) if ways else fields)
        except ValidationError as error:
            if claimed not in (None, written):
                raise StateError(changed) from None
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise StateError(
                f"{name}{older} cannot be read: {where}: {error.errors()[0]['msg']}; {marked(again)}"
            ) from None
        if claimed in (None, plan.plan_id):
            return plan
        raise StateError(
            f"{name}{older} cannot be read as it was; {marked(again)}"
            if claimed == written
            else marked(changed)
        )


_VOLATILE = ("plan_id", "request", "left_out", "skill_path", "bank_path")
"""Fields that are no part of a plan's id: the words it was asked with, and what depends on the machine."""
_WORDLESS = 3
"""The first format whose ids are of what runs alone."""


def document_id(document: Mapping[str, object]) -> str:
    """Return the plan_id that a plan's document stands for, whichever version has written it.

    It is the sha256 of the canonical JSON without the volatile fields, and from format 3 on without the words
    that something was said with; plans inside it count by their ids.
    What came with a later format is left out of the document where it says nothing, so that a plan of an
    earlier version has the id that it was given then.
    """
    content = {name: value for name, value in document.items() if name not in _VOLATILE}
    search = content.get("search")
    if isinstance(search, Mapping):
        content["search"] = {
            name: document_id(value) if name in ("evaluation", "baseline") and value else value
            for name, value in search.items()
        }
    version = content.get("format", 1)
    if isinstance(version, int) and version >= _WORDLESS:
        content = _without_words(content)
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _without_words(content: Mapping[str, object]) -> dict[str, object]:
    """Return a document without what differs between two ways to say the same.

    Whether a value was set by its key or by a shorthand, where the policy and the image were said, and what
    was remarked, on a name for example, change nothing of what runs.
    """
    kept = {name: value for name, value in content.items() if name not in ("warnings", "image_source")}
    for name, words in (("automl_policy", "source"), ("route", "reason")):
        said = kept.get(name)
        if isinstance(said, Mapping):
            kept[name] = {key: value for key, value in said.items() if key != words}
    overrides = kept.get("overrides")
    if isinstance(overrides, list):
        kept["overrides"] = [
            {**{k: v for k, v in each.items() if k != "detail"}, "source": _who(each.get("source"))}
            if isinstance(each, Mapping)
            else each
            for each in overrides
        ]
    return kept


def _who(source: object) -> object:
    return str(Source.USER) if source == Source.SHORTHAND else source


def canonical_json(document: object) -> bytes:
    """Serialise with sorted keys and no spaces, so that equal documents give equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        errors="surrogatepass"
    )
