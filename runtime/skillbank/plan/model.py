"""The plan: what a request compiles to, frozen, hashed, and able to explain every value."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RESULTS_DIR = "{results_dir}"
"""Token in specs for the job's own results directory."""
PARENT_MODEL = "{parent_model}"
"""Token in specs for the model file chosen from the parent's results."""
PARENT_MODEL_FOLDER = "{parent_model_folder}"
"""Token in specs for the folder that holds the parent's model."""
RESUME_MODEL = "{resume_model}"
"""Token in specs for the newest complete checkpoint in the job's own results; empty when there is none."""


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


class SkillRef(Frozen):
    """Which skill was compiled: enough to notice later that it has changed."""

    name: str
    version: str
    digest: str
    bank: str


class Route(Frozen):
    """``automl`` sends the action to hyperparameter search, ``direct`` straight to the platform."""

    name: Literal["automl", "direct"]
    reason: str


class Policy(Frozen):
    """The automl_policy of this run and where it was said."""

    value: Literal["auto", "on", "off"]
    source: str


class Override(Frozen):
    """One value that differs from the template, and why."""

    key: str
    value: Any
    source: Source
    detail: str = ""


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
    """

    key: str
    uri: str
    runtime: Literal["file", "folder", "extracted_folder", "value"] = "file"
    type: str = "file"
    optional: bool = False
    source: str = ""
    selective: Selective | None = Field(default=None, exclude_if=lambda value: value is None)
    hub: bool = Field(default=False, exclude_if=lambda value: not value)


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


class Question(Frozen):
    """Something that the plan needs and will not guess."""

    key: str
    why: str
    choices: tuple[str, ...] = ()


class Plan(Frozen):
    """The frozen result of compiling one request for one action."""

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
    parents: tuple[ParentRef, ...] = ()
    questions: tuple[Question, ...] = ()
    questions_with_gpu: tuple[Question, ...] = Field(
        default=(), exclude_if=lambda value: not value, description="Asked only where there is a GPU."
    )
    warnings: tuple[str, ...] = ()
    metric: str | None = None
    metric_direction: Literal["maximize", "minimize"] | None = None
    automl: dict[str, Any] | None = None
    results_root: str | None = None
    request: str = Field(default="", description="The request as it was said; not part of the plan_id.")

    @property
    def plan_id(self) -> str:
        """Sha256 of the canonical JSON without the volatile fields (the words of the request)."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json", exclude={"request"}))).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return the plan as a JSON document with its id first."""
        return {"plan_id": self.plan_id, **self.model_dump(mode="json")}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Plan:
        """Read back what `document` gave; the id is checked against the content."""
        fields = dict(document)
        claimed = fields.pop("plan_id", None)
        fields.pop("checks", None)
        plan = cls.model_validate(fields)
        if claimed is not None and claimed != plan.plan_id:
            raise ValueError(
                f"plan_id {claimed[:12]} does not match the plan's content ({plan.plan_id[:12]})"
            )
        return plan


def canonical_json(document: Any) -> bytes:
    """Serialise with sorted keys and no spaces, so that equal documents give equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        errors="surrogatepass"
    )
