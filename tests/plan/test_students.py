"""One sentence for a teacher and its student: read, planned as a chain, and read back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from skillbank.errors import JobNotFoundError, SkillbankError
from skillbank.plan.reader import students
from skillbank.plan.reader.reading import Reading
from skillbank.runtime import Runtime

FIRST = "distill Grounding DINO into toy detector on {}"
HEAD = "---\nname: toy-detector\ndescription: A toy detector.\n---\n- **Dataset type:** object_detection\n"


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """Open a runtime that knows a small detector of another bank, which trains on COCO."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    root = tmp_path / "bank" / "skills" / "toy-detector"
    (root / "references").mkdir(parents=True)
    (root / "SKILL.md").write_text(HEAD)
    files = {"images": "images.tar.gz", "boxes": "annotations.json"}

    def of(source: str, part: str) -> dict[str, dict[str, str]]:
        return {f"data.{part}_{word}": {"source": source, "path": file} for word, file in files.items()}

    train, val = of("train_datasets", "train"), of("eval_dataset", "val")
    document = {
        "network_arch": "toy_detector",
        "spec_shorthand_keys": {"num_epochs": "epochs"},
        "actions": {
            "train": {
                "command": "toy train -e {config_path}",
                "inputs": dict.fromkeys([*train, *val], "file"),
            },
            "evaluate": {
                "command": "toy evaluate -e {config_path}",
                "inputs": dict.fromkeys(["model", *val], "file"),
            },
        },
        "data_sources": {"train": train | val, "evaluate": val},
        "spec_params": {"evaluate": {"model": "parent_model"}},
        "spec_templates": {"train": "../references/t.yaml", "evaluate": "../references/t.yaml"},
    }
    (root / "references" / "skill_info.yaml").write_text(yaml.safe_dump(document))
    spec = {
        "epochs": 10,
        "model": "",
        "data": dict.fromkeys((key.partition(".")[2] for key in train | val), ""),
    }
    (root / "references" / "t.yaml").write_text(yaml.safe_dump(spec))
    (tmp_path / "photos").mkdir()
    with Runtime(banks=[tmp_path / "bank"]) as opened:
        yield opened


def steps(reading: Reading) -> list[tuple[str, str]]:
    return [
        (request.skill.partition(":")[2] or request.skill, request.action) for request in reading.requests
    ]


def test_a_chain_that_is_told_whole_and_reads_back(runtime: Runtime, tmp_path: Path) -> None:
    photos, truth = tmp_path / "photos", tmp_path / "truth"
    text = f"{FIRST.format(photos)}/ to find red bus, cat and dog for 5 epochs; compare both on {truth}"
    reading = runtime.read(text)
    assert steps(reading) == [
        ("skillbank-label-set", "teach"),
        ("toy-detector", "train"),
        ("toy-detector", "evaluate"),
    ]
    teach, train, evaluate = runtime.plan(text)
    assert teach.spec["teach"]["captions"] == ["red bus", "cat", "dog"]
    assert teach.spec["teach"]["model"].startswith("IDEA-Research/")
    output = teach.spec["teach"]["output"]
    assert {binding.place for binding in train.inputs} == {f"{output}/train", f"{output}/val"}
    assert train.spec["epochs"] == 5 and train.route.name == "direct"
    assert [ref.plan for ref in evaluate.parents] == [train.plan_id]
    assert not [question for plan in (teach, train, evaluate) for question in plan.questions]
    told = runtime.sentence([teach, train, evaluate])
    assert output in told and str(photos) in told and str(truth) in told
    assert [plan.plan_id for plan in runtime.plan(told)] == [p.plan_id for p in (teach, train, evaluate)]
    # What the teacher is to write need not be there yet.
    assert not [p for p in runtime.check(train, earlier=[teach]).problems if output in p]


@pytest.mark.parametrize(
    "text",
    [
        "label all the cats and dogs in {} and train toy detector on it for 5 epochs",
        "Find cats, dogs in our photos in {}, then train toy detector on the labels, no HPO, 5 epochs",
        "detect cats and dogs in {} with Grounding DINO. Then train toy detector on the labels, 5 epochs",
    ],
)
def test_labelling_and_a_training_on_the_labels_are_the_same_chain(
    runtime: Runtime, tmp_path: Path, text: str
) -> None:
    told = f"{FIRST.format(tmp_path / 'photos')} to find cats and dogs for 5 epochs"
    [teach, train] = runtime.read(text.format(tmp_path / "photos")).requests
    without_text = [request.model_dump(exclude={"text"}) for request in (teach, train)]
    assert without_text == [each.model_dump(exclude={"text"}) for each in runtime.read(told).requests]


def test_without_a_teacher_that_is_known_it_is_asked(runtime: Runtime, tmp_path: Path) -> None:
    [first, _] = runtime.read(FIRST.format(tmp_path / "photos")).requests
    assert [question.key for question in first.questions] == ["teacher"]
    [first, _] = runtime.read(
        f"distill the last Grounding DINO into toy detector on {tmp_path / 'photos'}"
    ).requests
    [question] = first.questions
    assert "no train job of tao-train-grounding-dino" in question.why and first.parent is None


def test_the_last_training_of_the_teacher_is_named_and_both_are_measured(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(runtime), "_trained", lambda self, skill: f"{skill.name}-job")
    text = f"distill the last Grounding DINO into a toy detector on my photos in {tmp_path}/photos"
    text = f"{text}, compare both on {tmp_path}/t"
    reading = runtime.read(text)
    assert steps(reading)[2:] == [("tao-train-grounding-dino", "evaluate"), ("toy-detector", "evaluate")]
    assert [r.parent for r in reading.requests] == ["tao-train-grounding-dino-job", None] * 1 + [
        "tao-train-grounding-dino-job",
        None,
    ]
    assert all(setting.key != "teach.model" for setting in reading.requests[0].settings)
    with pytest.raises(JobNotFoundError):
        runtime.plan(text)  # there is no such job


@pytest.mark.parametrize(
    "text",
    [
        "distill toy detector into Grounding DINO on {}",  # it finds nothing by a description
        "distill Grounding DINO into Grounding DINO on {}",
        "distill Grounding DINO into something smaller on {}",
        "do not distill Grounding DINO into toy detector on {}",
        "label cats but not dogs in {} and train toy detector on the labels",
        "label cats with threshold 0.4 in {} and train toy detector on the labels",
        "label cats in {} and do not train toy detector on the labels",
        "label cats in {} and train toy detector",
        "label cats in {} and train a small toy detector on the labels",
        "distill Grounding DINO into a fast toy detector on {} to find cats",
        "label cats in {} and train toy detector on the labels, batch_size=2, everything on slurm",
        "label cats in {} and train toy detector on the labels with 2 GPUs, then compare both on /d/t",
        "label cats in {} and train toy detector on the labels plus /d/more",
    ],
)
def test_any_other_sentence_is_left_to_the_reader_of_requests(
    runtime: Runtime, tmp_path: Path, text: str
) -> None:
    try:
        reading = runtime.read(text.format(tmp_path / "photos"))
    except SkillbankError:
        return  # refused
    assert ("skillbank-label-set", "teach") not in steps(reading)


def test_what_is_said_of_the_student_behind_is_its_training(runtime: Runtime, tmp_path: Path) -> None:
    """What no form knows is read as of a training on the labels, its values and further steps."""
    photos = tmp_path / "photos"
    said = (
        "label {} with cat, dog and train toy detector on what it finds, num_epochs=7, then evaluate on /d/t"
    )
    reading = runtime.read(said.format(photos))
    teach, train, evaluate = reading.requests
    assert {s.key: s.value for s in teach.settings}["teach.captions"] == ["cat", "dog"]
    assert [s.value for s in train.settings] == [7]
    assert (train.automl, train.platform, evaluate.action) == ("off", "local", "evaluate")
    assert [d.uri.rpartition("/")[2] for d in train.data] == ["train", "val"]
    assert [d.uri for d in evaluate.data] == ["/d/t"]
    between = runtime.read(f"label cat in {photos} and train toy detector for 7 epochs on the labels")
    assert [s.value for s in between.requests[1].settings] == [7]


def test_a_place_of_another_is_never_that_of_the_labels(runtime: Runtime, tmp_path: Path) -> None:
    said = (
        f"label “cats” in {tmp_path / 'photos'} and train toy detector on the labels, evaluate on /taught/val"
    )
    teach, _, evaluate = runtime.read(said).requests
    assert {s.key: s.value for s in teach.settings}["teach.captions"] == ["cats"]
    assert [d.uri for d in evaluate.data] == ["/taught/val"]


def test_a_question_about_the_labels_names_their_place(runtime: Runtime, tmp_path: Path) -> None:
    said = f"label cats in {tmp_path / 'photos'} and train toy detector on the labels"
    teach, train = runtime.read(f"{said} and train for 5 epochs on /d/q").requests
    output = {s.key: s.value for s in teach.settings}["teach.output"]
    [question] = train.questions
    assert f"{output}/train and /d/q" in question.why


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("distill Grounding DINO into toy detector on {} and email me", "email"),
        ("label cats in {} and train toy detector on the labels tomorrow", "tomorrow"),
    ],
)
def test_what_nobody_understands_behind_is_asked_about(
    runtime: Runtime, tmp_path: Path, text: str, words: str
) -> None:
    reading = runtime.read(text.format(tmp_path / "photos"))
    assert ("skillbank-label-set", "teach") in steps(reading)
    assert any(words in each for each in reading.not_understood)
    assert all(any(words in q.why for q in r.questions) for r in reading.requests)


@pytest.mark.parametrize("many", ["in ", "the ", "in the pictures of ", "and then ", ", "])
def test_a_long_text_without_a_chain_is_soon_seen_to_be_none(runtime: Runtime, many: str) -> None:
    begun = time.process_time()
    assert not any(form.match(f"label {many * 4000}train") for form in students._forms())
    assert time.process_time() - begun < 1
