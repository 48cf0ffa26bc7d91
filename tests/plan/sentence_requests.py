"""Requests of every kind over the packaged skill and the small ones, for laws that hold of all plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.plan.datasets import bindings
from skillbank.plan.paths import parse_path
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import SLOTS, Fills, Kind, Slot
from skillbank.runtime import Runtime

__all__ = ["captions", "places", "requests"]

TRAIN_LIKE = (
    "s3://bucket/data",
    "/data/set",
    "https://host:8080/a",
    "gs://b/c-d_e/f.g",
    "s3://b/k=v/x+y%20z@1",
)
ODD = (
    "abzÄ日é😀 ;,.:'\"\\`()[]{}<>|&$*?!#=+-_%@~^"
    "\u201c\u201d\u201e\u00ab\u2013\u2014\u2026\uff0c\u3002\uff1b\u3001\u00d7\u00b9\u00a0\u200b\u202e\n\t"
)
CHAINS = (
    ("train",), ("train",), ("train",), ("evaluate",), ("inference",), ("export",), ("quantize",),
    ("gen_trt_engine",),
    ("train", "evaluate"), ("train", "export"), ("train", "evaluate", "export"),
    ("train", "evaluate", "inference"),
    ("export", "gen_trt_engine", "evaluate"), ("train", "export", "gen_trt_engine"), ("train", "train"),
    ("prune",), ("distill",), ("retrain",),
)  # fmt: skip


FROM_ONNX = ("gen_trt_engine",)


def odd_texts(least: int = 1) -> st.SearchStrategy[str]:
    """Texts with whatever could end quotes, begin a clause or hide."""
    letters = st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8", exclude_characters="\0"))
    forged = st.sampled_from(
        ["a; nothing left out", 'x"; AutoML on; y "', "cat and dog", "on platform docker",
         "then train b on /c", 'a" and "b', "10 epochs", "; then ", "\\", "\\\"", "red sign"]
    )  # fmt: skip
    return st.one_of(forged, st.text(letters, min_size=least, max_size=12))


def places() -> st.SearchStrategy[str]:
    """Places: addresses, and absolute paths with odd names."""
    odd = odd_texts().map(lambda text: f"/data/{text.strip().strip('/')}/x")
    return st.one_of(st.sampled_from(TRAIN_LIKE), odd)


def captions() -> st.SearchStrategy[list[str]]:
    """Descriptions of what to find, no two alike to the model."""
    # A full stop between blanks and a new line part descriptions before a plan is made.
    text = odd_texts().map(lambda t: " ".join(t.split())).filter(lambda t: any(map(str.isalnum, t)))
    return st.lists(text, min_size=1, max_size=3, unique_by=lambda t: "".join(filter(str.isalnum, t.lower())))


def slot_values(slot: Slot) -> st.SearchStrategy[Any]:
    """Values of a slot, as a person could give them."""
    values: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.COUNT: st.integers(slot.minimum or 1, 64),
        Kind.NUMBER: st.one_of(
            st.sampled_from([0.5, 0.1, 1e-5, 2e-4, 0.30000000000000004]), st.floats(1e-9, 1)
        ),
        Kind.CHOICE: st.sampled_from(slot.choices or ("x",)),
        Kind.DURATION: st.sampled_from(["90m", "8h", "45s", 0.5, 7200, "1d"]),
        Kind.COUNTS: st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True),
        Kind.TEXTS: captions(),
    }
    return values[slot.kind]


def schema_values(words: Mapping[str, Any], kind: str) -> st.SearchStrategy[Any] | None:
    """Values that a key's schema may allow."""
    if words.get("enum"):
        return st.sampled_from(words["enum"])
    least = words.get("minimum", words.get("exclusiveMinimum", 0))
    simple: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(int(least) + 1, int(least) + 50),
        "number": st.floats(0.01, 0.9),
        "boolean": st.booleans(),
        "string": odd_texts(),
    }
    return simple.get(kind)


@st.composite
def _settings(draw: st.DrawFn, skill: Skill, action: Action) -> list[Setting]:
    found: dict[str, Setting] = {}
    shorthands, schema = skill.shorthands(action), skill.schema(action)

    def put(key: str, value: Any) -> None:
        found.setdefault(shorthands.get(key, key), Setting(key=key, value=value))

    slots = [s for s in SLOTS if s.fills is Fills.SETTING and s.name != "captions"]
    for slot in draw(st.lists(st.sampled_from(slots), max_size=4, unique_by=lambda s: s.name)):
        key = key_of(skill, action, slot)
        if key is not None:
            put(key, draw(slot_values(slot)))
    owned = [k for k in schema.keys if k.partition(".")[0] in (action.name, "model", "dataset")]
    for key in draw(st.lists(st.sampled_from(owned), max_size=3)) if owned else ():
        node, _ = schema.find(parse_path(key))
        values = None if node is None else schema_values(node.words, node.kind)
        if values is not None and "captions" not in key:
            put(key, draw(values))
    return list(found.values())


@st.composite
def _search(draw: st.DrawFn) -> list[Setting]:
    slots = [s for s in SLOTS if s.fills is Fills.SEARCH]
    said = draw(st.lists(st.sampled_from(slots), max_size=4, unique_by=lambda s: s.name))
    found = [Setting(key=s.key, value=draw(slot_values(s))) for s in said]
    more = [
        Setting(key="automl.keep", value="all"),
        Setting(key="automl.ranges.train.optim.lr", value=[1e-5, 1e-3]),
        Setting(key="automl.metrics", value="val_loss"),
        Setting(key="automl.directions", value="minimize"),
        Setting(key="automl.baseline", value=False),
    ]
    return found + draw(st.sampled_from([[], more[:1], more[1:2], more[2:4], more[4:]]))


@st.composite
def requests(draw: st.DrawFn, runtime: Runtime, jobs: dict[str, list[str]]) -> list[Request]:
    """Requests of a chain of up to three actions.

    Parameters
    ----------
    jobs
        Ids of jobs by the skill's name.
    """
    with runtime.reading:
        skills = [s for s in runtime.library.skills if s.actions]
    skills.sort(key=lambda s: (s.name != "tao-train-grounding-dino", s.name))
    skill = draw(st.one_of(st.just(skills[0]), st.sampled_from(skills)))
    chain = [a for a in draw(st.sampled_from(CHAINS)) if any(x.name == a for x in skill.actions)]
    chain = chain or [skill.actions[0].name]
    automl = draw(st.sampled_from([None, "off", "off", "on", "auto"]))
    platform = draw(st.sampled_from([None, "local", "docker", "docker", "slurm", "kubernetes"]))
    image = (
        draw(st.sampled_from([None, None, "reg/x:1", "ubuntu", "h:5/a.b@sha256:0"]))
        if platform == "docker"
        else None
    )
    wide: dict[str, Any] = {
        "automl": automl,
        "automl_source": "--automl" if automl else "default",
        "platform": platform,
        "image": image,
        "results_root": draw(st.one_of(st.none(), st.none(), places())),
    }
    made = []
    for i, name in enumerate(chain):
        own = dict(wide)
        if draw(st.integers(0, 9)) == 0:
            own |= {"platform": "slurm", "results_root": "s3://elsewhere/r"}
        variants = [a.variant for a in skill.actions if a.name == name]
        variant = draw(st.sampled_from([None, *variants]))
        action = skill.action(name, variant)
        sources = {
            r.source for r in bindings(skill, action, skill.template(action)[0])[0] if r.kind == "data"
        }
        data = []
        for source in sorted(sources):
            many = st.lists(places(), min_size=1, max_size=3 if source == "train_datasets" else 1)
            data += [DataLocation(source=source, uri=uri.strip()) for uri in draw(many)]
        settings = draw(_settings(skill, action))
        if name == "inference" and "captions" in str(skill.schema(action).keys):
            settings.append(Setting(key="dataset.infer_data_sources.captions", value=draw(captions())))
        searched = automl != "off" and skill.info.automl_enabled and skill.automl_problem is None
        if name == "train" and searched and draw(st.integers(0, 3)):
            settings += draw(_search())
        starts: dict[str, Any] = {}
        if name == "train":
            starts = draw(st.sampled_from([
                {"pretrained": "none"}, {"pretrained": "none"}, {"pretrained": "/m/x y.pth"},
                {"pretrained": "IDEA-Research/grounding-dino-tiny"}, {"pretrained": "parent"}, {},
            ]))  # fmt: skip
        fitting = [job for job in jobs.get(skill.name, ()) if ("-export-" in job) is (name in FROM_ONNX)]
        if fitting and i == 0 and not starts and draw(st.booleans()):
            starts = {"parent": draw(st.sampled_from(fitting))}
        needed = {each.key for each in action.inputs if not each.optional}
        models = [key for key, how in action.spec_params.items() if how == "parent_model" and key in needed]
        if i == 0 and not starts:
            settings = [s for s in settings if s.key not in models]
            # A file, or a job in the place of one.
            named = st.sampled_from(["/m/a b.pth", "s3://b/m.onnx", *fitting[:1]])
            settings += [Setting(key=key, value=draw(named)) for key in models]
        listed = any(setting.key.endswith("gpu_ids") for setting in settings)
        made.append(Request(
            skill=skill.qualified, action=name, variant=variant, data=tuple(data), settings=tuple(settings),
            gpus=None if listed else draw(st.sampled_from([None, None, 0, 1, 2, 8])),
            nodes=draw(st.sampled_from([None, None, 1, 2])),
            **starts, **own,
        ))  # fmt: skip
    return made
