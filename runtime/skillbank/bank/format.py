"""The documents of a bank as models: what `schemas/skill_info.schema.json` and its sister are made from.

Reading (`skillbank.bank.skill_info`) is more forgiving than this, on purpose: banks that others wrote
must load. What we write, and what lint calls well-formed, is described here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Key = str


class _Open(BaseModel):
    """Fields that are not listed are allowed: the family has more of them than a runtime reads."""

    model_config = ConfigDict(extra="allow")


class Selective(_Open):
    """Fetch only the files of a folder that an annotation file names."""

    annotation: Key = Field(description="Key of the input that holds the annotation file.")
    format: str = "json"
    keys: list[str] = Field(default=[], description="Fields of a record that name files.")


class Input(_Open):
    """One declared input of an action."""

    type: Literal["file", "folder", "list", "path", "local_glob"] = "file"
    optional: bool = False
    selective: Selective | None = None
    hub: bool = Field(default=False, description="The program also takes OWNER/NAME on the model hub.")


class Output(_Open):
    """One declared output of an action."""

    type: str = "folder"


class ActionDocument(_Open):
    """How one action is started, and what it reads and writes."""

    command: str | None = Field(
        default=None, description="Shell-like text; '{config_path}' is its one token."
    )
    mode: Literal["config", "args", "passthrough"] = "config"
    config_format: Literal["yaml", "json", "toml"] = "yaml"
    inputs: dict[Key, Input] = {}
    outputs: dict[Key, Output] = {}
    one_of: list[list[Key]] = Field(default=[], description="Groups of inputs of which one is needed.")
    upload_excludes: list[str] = []
    container_image: str | None = None
    args: dict[Key, object] = Field(default={}, description="Mode args: spec key to a text with tokens.")
    defaults: dict[str, object] = Field(default={}, description="Mode args: values of tokens.")
    metric: str | None = None
    metric_direction: Literal["maximize", "minimize"] | None = None


class MappedFile(_Open):
    """One sub-key of a mapping."""

    path: str | None = None
    optional: bool = False


class DataSourceDocument(_Open):
    """Which file of which data set fills a spec key; ``[0]`` in the key means each source."""

    source: str
    path: str | None = Field(
        default=None, description="Below the data set's location; empty is the location."
    )
    path_from_format: dict[str, str | list[str]] = Field(default={}, description="Path by data_format; '*'.")
    mapping: dict[str, MappedFile] = {}
    multiple_sources: bool | None = None
    is_list: bool = Field(default=False, alias="list")
    optional: bool = False
    runtime: Literal["file", "folder", "extracted_folder"] | None = None


class Download(_Open):
    """A spec value that is fetched from a link."""

    link: str
    destination_path: str | None = None


class BatchSize(_Open):
    """The largest batch that fits a GPU's memory."""

    key: Key
    by_memory_gb: dict[int, int]


class Hardware(_Open):
    """What the skill asks of a machine."""

    min_gpus: int | None = Field(default=None, description="0: it takes none, and plans ask for none.")
    recommended_gpus: int | None = None
    gpu_memory_gb: float | None = Field(default=None, description="Memory of each GPU.")
    recommended_gpu: str | None = None
    batch_size: BatchSize | None = None
    notes: str | None = None


class MultiNode(_Open):
    """How the program runs on several nodes."""

    launcher: str | None = None
    strategies: list[str] = []
    strategy_spec_key: Key | None = None
    env: list[str] = Field(default=[], description="Set by the orchestrator; WORLD_SIZE counts nodes.")


class SmallProfile(_Open):
    """With which key a program is told to train a small model that learns from random weights."""

    key: Key
    always: str = Field(description="Its value for the small model everywhere.")
    without_gpu: str = Field(description="Its value for the small model where there is no GPU; counts unset.")


class Weights(_Open):
    """What a training of the full size starts from; without an answer a plan asks."""

    suggested: list[str] = Field(default=[], description="Names on the model hub or files, the best first.")
    small_profile: SmallProfile | None = None


class Engine(_Open):
    """What the program of the skill is; only the bank that comes with skillbank is asked all of it."""

    program: str = Field(description="The first word of the commands of the actions.")
    packages: list[str] = Field(
        default=[], description="Names that Python imports its packages by: it runs where they are there."
    )
    extra: str | None = Field(
        default=None, description="The extra, at an installation, that brings the packages."
    )
    first_category: Literal[0, 1] | None = Field(
        default=None,
        description="The id of the first category in COCO documents that it reads; 1 unless said.",
    )
    labels_by_description: bool = Field(
        default=False, description="Its 'serve' finds in pictures what a text describes."
    )
    hub_model: str | None = Field(
        default=None, description="OWNER/NAME on the model hub that labels where no model is named."
    )


class Unsupported(_Open):
    """A value that the schema allows and the model does not."""

    key: Key
    value: object
    reason: str


class ErrorPattern(_Open):
    """A failure that the log gives away."""

    name: str
    pattern: str = Field(description="Regular expression, searched without regard to case.")
    explanation: str
    advice: str


class Metric(_Open):
    """The metric that checkpoints and trials are compared by."""

    name: str
    direction: Literal["maximize", "minimize"] | None = None


class SkillInfoDocument(_Open):
    """``references/skill_info.yaml``, or the overlay of a variant."""

    name: str | None = None
    type: str = "model"
    description: str | None = None
    network_arch: str | None = None
    aliases: list[str] = []
    automl_enabled: bool = False
    container_image: str | None = Field(default=None, description="A URI, or a dotted key of versions.yaml.")
    data_format: str = "default"
    gpu_spec_key: Key | None = None
    node_spec_key: Key | None = None
    metric: Metric | str | None = None
    required_credentials: list[str | dict[str, object]] = Field(
        default=[],
        description="Variables without which no job starts: names, or mappings with name; optional: true or "
        "only_when at one hands it over where it is set, and needs it not.",
    )
    actions: dict[str, ActionDocument] = {}
    data_sources: dict[str, dict[Key, DataSourceDocument]] = {}
    spec_params: dict[str, dict[Key, str | Download]] = Field(
        default={}, description="Inference function, literal value or download for each key of an action."
    )
    key_defaults: dict[Key, object] = {}
    spec_shorthand_keys: dict[str, Key] = {}
    spec_templates: dict[str, str | dict[str, str]] = {}
    schema_source: str | None = Field(default=None, description="Command that prints the spec schemas.")
    settle: dict[str, str] = Field(
        default={},
        description="Command for each action that prints, as JSON, the values that the program would put "
        "into a spec on this machine.",
    )
    hardware: Hardware | None = None
    weights: Weights | None = None
    engine: Engine | None = None
    multi_node: MultiNode | None = None
    unsupported: list[Unsupported] = []
    error_patterns: list[ErrorPattern] = []


class ManifestAction(BaseModel):
    """One action in the index."""

    name: str
    variant: str | None


class ManifestAutoML(BaseModel):
    """Whether a skill may be and can be searched over."""

    enabled: bool
    runnable: bool


class ManifestSkill(BaseModel):
    """One skill in the index."""

    model_config = ConfigDict(extra="forbid")

    name: str
    path: str
    version: str
    description: str
    type: str
    network_arch: str
    automl: ManifestAutoML
    actions: list[ManifestAction]
    digest: str = Field(description="Sha256 over names and contents of all files.")
    files: dict[str, str] = Field(description="Sha256 of each file.")


class ManifestDocument(BaseModel):
    """``manifest.json``: the index of a bank, built from a scan and never edited."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1]
    skills: list[ManifestSkill]
