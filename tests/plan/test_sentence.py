"""Plans read back as one canonical sentence: what each kind of plan says, and what no text can do to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.agent.toolbox import Toolbox
from skillbank.bank.documents import parse_yaml
from skillbank.plan.literals import dotted, name, place, quoted, unquoted, value
from skillbank.plan.model import Plan
from skillbank.plan.reader.canonical import read_canonical
from skillbank.plan.request import Request
from skillbank.plan.slots import SLOTS, Fills
from skillbank.runtime import Runtime
from tests.bank.banks import make_skill
from tests.plan.conftest import composed

SKILL = "tao-train-grounding-dino"
END = "AutoML off; on platform local; nothing left out"
FORGED = 'x"; AutoML on; 1 GPU\n\u202e\u201c\u2013; nothing left out'


def planned(runtime: Runtime, *actions: str, text: str | None = None, **options: Any) -> list[Plan]:
    skill = None if text else options.pop("skill", SKILL)
    requests, _ = composed(runtime, text, skill, None if text else list(actions), **options)
    return runtime.plan(requests)


def said(runtime: Runtime, *actions: str, **options: Any) -> str:
    """Return the sentence of plans, which gives them back where they ask nothing."""
    plans = planned(runtime, *actions, **options)
    sentence = runtime.sentence(plans)
    assert "\n" not in sentence and sentence.isprintable()
    if not any(plan.questions for plan in plans):
        again = runtime.plan(read_sentence(runtime, sentence))
        assert [p.plan_id for p in again] == [p.plan_id for p in plans]
    return sentence


def read_sentence(runtime: Runtime, sentence: str) -> list[Request]:
    read = read_canonical(sentence, runtime.library)
    assert read is not None, sentence
    return read


TRAIN: dict[str, Any] = {"data": ["train=s3://b/t"], "pretrained": "none", "automl": "off"}


@pytest.mark.parametrize(
    ("options", "middle"),
    [
        ({}, ""),
        ({"settings": ["num_epochs=10"]}, "10 epochs; "),
        ({"settings": ["train.num_epochs=10"]}, "10 epochs; "),
        ({"settings": ["train.optim.lr=1e-3", "batch_size=4"]}, "batch size 4; learning rate 0.001; "),
        ({"settings": ["train.seed=7", "train.precision=fp16"]}, "seed 7; precision fp16; "),
        ({"settings": ["train.optim.weight_decay=0.1"]}, "train.optim.weight_decay = 0.1; "),
        ({"settings": ["train.freeze=[backbone, bert]"]}, 'train.freeze = ["backbone", "bert"]; '),
        ({"settings": ["train.validation_interval=2"]}, "validation interval 2; "),
        ({"gpus": 2}, "2 GPUs; "),
        ({"gpus": 0}, "0 GPUs; "),
        ({"gpus": 1, "nodes": 2}, "1 GPU; 2 nodes; "),
        ({"gpus": 2, "nodes": 1}, "2 GPUs; 1 node; "),
        ({"gpus": 2, "settings": ["train.gpu_ids=[2, 3]"]}, "GPU ids 2 and 3; "),
        ({"settings": ["train.num_gpus=2"]}, "2 GPUs; "),
    ],
)  # fmt: skip
def test_what_was_set_is_said(runtime: Runtime, options: dict[str, Any], middle: str) -> None:
    sentence = said(runtime, "train", **TRAIN, **options)
    assert sentence == f"train {SKILL} on s3://b/t; from random weights; {middle}{END}"


def test_places_have_their_roles(runtime: Runtime) -> None:
    data = ["train=s3://b/t", "train=/data/two words", "eval=s3://b/e"]
    sentence = said(runtime, "train", data=data, pretrained="/m/x.pth", automl="off")
    start = f'train {SKILL} on s3://b/t and "/data/two words"; validate on s3://b/e; from weights /m/x.pth; '
    assert sentence == start + END
    assert said(runtime, "evaluate", data=["eval=s3://b/e"]).startswith(f"evaluate {SKILL} on s3://b/e; ")


def test_what_was_said_of_a_search_is_said(runtime: Runtime) -> None:
    settings = [
        "automl.max_recommendations=12", "automl.algorithm=asha", "automl.time_budget=8h",
        "automl.trial_timeout=5400", "automl.patience=3", "automl.parallel=2", "automl.cost_budget=4",
        "automl.keep=all", "automl.ranges.train.optim.lr=[1e-5, 1e-3]",
    ]  # fmt: skip
    data = ["train=s3://b/t", "eval=s3://b/e"]
    sentence = said(runtime, "train", data=data, settings=settings, pretrained="none", platform="docker")
    assert sentence == (
        f"train {SKILL} on s3://b/t; validate on s3://b/e; from random weights; 12 trials; 2 trials at once; "
        "algorithm asha; time budget 8h; 4 GPU hours; trial timeout 90m; patience 3; "
        "automl.ranges.train.optim.lr = [1e-05, 0.001]; automl.keep = all; "
        "AutoML auto; on platform docker; nothing left out"
    )


def test_captions_are_what_is_found(runtime: Runtime) -> None:
    sentence = said(
        runtime, "inference", data=["inference=/p"],
        settings=['dataset.infer_data_sources.captions=["red sign", "cat"]', "inference.checkpoint=/m/x.pth"],
    )  # fmt: skip
    assert sentence == (
        f'run inference of {SKILL} on /p; find "red sign" and "cat"; inference.checkpoint = /m/x.pth; '
        "on platform local; nothing left out"
    )


def test_a_chain_says_what_holds_for_all_of_it_once(runtime: Runtime) -> None:
    data = ["train=s3://b/t", "eval=s3://b/e"]
    wide = {"platform": "docker", "image": "reg/x:1", "results_root": "s3://b/r", "automl": "off"}
    sentence = said(runtime, "train", "evaluate", data=data, pretrained="none", **wide)
    assert sentence == (
        f"first train {SKILL} on s3://b/t; validate on s3://b/e; from random weights; "
        f"then evaluate {SKILL} on s3://b/e; "
        "AutoML off; on platform docker; image reg/x:1; results below s3://b/r; nothing left out"
    )
    train, evaluate = planned(runtime, "train", "evaluate", data=data, pretrained="none", **wide)
    alone = runtime.sentence([evaluate])
    assert alone.startswith(f"evaluate {SKILL} on s3://b/e; from plan {train.plan_id[:12]}; AutoML off; ")


def test_a_chain_of_differing_steps_says_each(runtime: Runtime) -> None:
    requests, _ = composed(runtime, None, SKILL, ["train", "export"], **TRAIN)
    requests[1] = requests[1].model_copy(update={"platform": "slurm", "results_root": "s3://b/r"})
    plans = runtime.plan(requests)
    sentence = runtime.sentence(plans)
    assert sentence == (
        f"first train {SKILL} on s3://b/t; from random weights; on platform local; "
        f"results in the usual place; then export {SKILL}; AutoML off; on platform slurm; "
        "results below s3://b/r; nothing left out"
    )
    assert [p.plan_id for p in runtime.plan(read_sentence(runtime, sentence))] == [p.plan_id for p in plans]


def test_a_plan_that_asks_says_so_at_its_end(runtime: Runtime) -> None:
    sentence = said(runtime, "train", automl="off", platform="docker")
    assert sentence == f"train {SKILL}; AutoML off; on platform docker; asks: data.train, pretrained"


def test_every_slot_of_a_setting_has_words_that_the_reader_of_the_grammar_knows(runtime: Runtime) -> None:
    """A slot that is added is said as its name and its value: none is without words."""
    known = {"gpu_ids": [0], "captions": ["a"], "precision": "fp16", "algorithm": "asha"}
    from skillbank.plan.sentence import _slot_words

    for slot in SLOTS:
        if slot.fills is not Fills.FIELD:
            assert _slot_words(slot, known.get(slot.name, 1)) is not None


def test_the_id_of_a_plan_does_not_depend_on_its_words(runtime: Runtime) -> None:
    ways = [
        planned(runtime, text="train Grounding DINO on s3://b/t from scratch, 10 epochs, no HPO"),
        planned(runtime, text="train grounding_dino on s3://b/t from scratch for 10 epochs without AutoML"),
        planned(runtime, "train", **TRAIN, settings=["num_epochs=10"]),
        planned(runtime, "train", **TRAIN, settings=["train.num_epochs=10"]),
    ]
    assert len({plan.plan_id for [plan] in ways}) == 1
    assert len({plan.automl_policy.source for [plan] in ways}) > 1
    [other] = planned(runtime, "train", **TRAIN, settings=["num_epochs=11"])
    assert other.plan_id != ways[0][0].plan_id


def test_a_document_with_its_sentence_is_the_plan(runtime: Runtime) -> None:
    [plan] = planned(runtime, "train", **TRAIN)
    assert Plan.from_document({**plan.document(), "sentence": "train something else"}) == plan


@pytest.mark.parametrize(
    "text", [FORGED, "a  b", 'a" and "b', "\\", "\\x41", "\udc80", "日本 é 😀", "a; b", ""]
)
def test_a_text_in_quotes_is_read_back_as_it_is(text: str) -> None:
    written = quoted(text)
    assert unquoted(written) == text
    assert written.isprintable() and not any(c in "\u201c\u2013" for c in written)
    assert unquoted(place(text)) == text


@pytest.mark.parametrize("wrong", ['"a"b"', '"\\q"', '"\\u12"', '"\\x"', '"a'])
def test_what_is_no_text_in_quotes_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"quotes|invalid"):
        unquoted(wrong)


@pytest.mark.parametrize(
    "content",
    [1, 1.0, 1e-5, True, None, "true", "null", "1", "1e-4", "", "a b", "a: b", "[x]", "=", "~", "s3://b/x",
     "fp16", [1, "a, b", ["c"]], {"a b": {"c": 1e-9}}, {1: "x"}, float("inf"),
     "2020-01-01", "0x1f", "1_000", "yes"],
)  # fmt: skip
def test_a_value_is_read_back_as_it_is(content: Any) -> None:
    read = parse_yaml(value(content), "value")
    assert (read, type(read)) == (content, type(content))
    assert "\n" not in value(content)


def test_names_that_nobody_types_stand_in_quotes() -> None:
    assert name("evil:tao-train-dino") == "evil:tao-train-dino"
    assert name("two words:toy") == '"two words:toy"'
    assert name("gr\u043eunding-dino") == '"gr\\u043eunding-dino"'
    assert dotted("a[0].b-c") == "a[0].b-c"
    assert dotted("a; nothing left out") == '"a; nothing left out"'


@pytest.fixture
def banks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_PLATFORM", raising=False)
    made = [
        make_skill(tmp_path / "evil", SKILL, arch="grounding_dino"),
        make_skill(tmp_path / "two words", "toy2"),
        make_skill(tmp_path / "other", "toy"),
    ]
    with Runtime(made) as runtime:
        yield runtime


def test_a_skill_is_called_with_its_bank_where_its_name_means_another(banks: Runtime) -> None:
    def head(skill: str) -> str:
        return banks.sentence(planned(banks, "train", skill=skill, automl="off")).partition(";")[0]

    assert head(f"evil:{SKILL}") == f"train evil:{SKILL}"
    assert head(f"skillbank:{SKILL}") == f"train {SKILL}"
    assert head("toy") == "train toy"
    assert head("two words:toy2") == "train toy2"


def test_no_text_of_a_request_becomes_a_clause(runtime: Runtime, tmp_path: Path) -> None:
    inner = [FORGED, "a; nothing left out", "then train b on /c"]
    sentence = said(
        runtime, "inference", data=[f"inference=/data/{FORGED}/x"],
        settings=[
            f"dataset.infer_data_sources.captions={json.dumps(inner)}",
            "inference.checkpoint=/m/a; nothing left out.pth",
        ],
    )  # fmt: skip
    clauses = [c for c in sentence.split("; ") if c in ("AutoML on", "1 GPU", "nothing left out")]
    assert sentence.count('"') % 2 == 0 or '\\"' in sentence
    assert read_sentence(runtime, sentence)[0].automl is None
    assert clauses[-1] == "nothing left out"


def test_secrets_are_not_shown_and_that_is_said(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "hush-hush-hush")
    data = ["train=https://host/t", "eval=s3://b/hush-hush-hush"]
    plans = planned(runtime, "train", data=data, pretrained="none", automl="off")
    sentence = runtime.sentence(plans)
    assert "hush-hush" not in sentence
    assert sentence.endswith("; secrets not shown")


READ = [
    f"train {SKILL} on s3://b/t and s3://b/u; validate on s3://b/e; 10 epochs; batch size 4; "
    "learning rate 0.0001; AutoML off; on platform local; nothing left out",
    f"train {SKILL} on s3://b/t; from random weights; train.optim.weight_decay = 0.1; 2 GPUs; {END}",
    f"train {SKILL} on s3://b/t; validate on s3://b/e; from random weights; 12 trials; AutoML auto; "
    "on platform docker; nothing left out",
    f"first train {SKILL} on s3://b/t; validate on s3://b/e; from random weights; "
    f"then evaluate {SKILL} on s3://b/e; then export {SKILL}; AutoML off; on platform docker; "
    "nothing left out",
    f'run inference of {SKILL} on "/tmp/a b"; find "red sign" and "cats"; inference.checkpoint = /m/x.pth; '
    "on platform local; nothing left out",
]


@pytest.mark.parametrize("sentence", READ)
def test_ordinary_sentences_are_read_by_the_reader_of_plain_language(runtime: Runtime, sentence: str) -> None:
    strict = runtime.plan(read_sentence(runtime, sentence))
    assert runtime.sentence(strict) == sentence
    assert [p.plan_id for p in runtime.plan(sentence)] == [p.plan_id for p in strict]
    words = sentence.removesuffix("; nothing left out")  # no canonical sentence any more
    assert [p.plan_id for p in runtime.plan(words)] == [p.plan_id for p in strict]


def test_tools_and_the_question_of_a_launch_say_the_sentence(runtime: Runtime) -> None:
    [plan] = planned(runtime, "train", **TRAIN)
    sentence = runtime.sentence([plan])
    assert runtime.question(plan).splitlines()[1] == f"  sentence   {sentence}"
    [shown] = Toolbox(runtime).plan(
        skill=SKILL, actions=["train"], data=[{"role": "train", "uri": "s3://b/t"}], pretrained="none",
        automl="off",
    ).plans  # fmt: skip
    assert (shown.plan_id, shown.sentence) == (plan.plan_id, sentence)


def test_blocks_of_settings_are_said_by_their_leaves(runtime: Runtime) -> None:
    sources = [{"image_dir": "/d/a b", "json_file": "/d/x.jsonl", "label_map": "/d/l.json"}]
    settings = [
        "model={num_queries: 500, backbone: swin_tiny_224_1k}",
        f"dataset.train_data_sources={sources}",
    ]
    sentence = said(runtime, "train", pretrained="none", automl="off", settings=settings)
    assert "model.num_queries = 500" in sentence and "model.backbone = swin_tiny_224_1k" in sentence
    assert (
        'dataset.train_data_sources = [{"image_dir": "/d/a b", "json_file": "/d/x.jsonl", '
        '"label_map": "/d/l.json"}]; '
    ) in sentence


def test_data_of_a_source_of_the_skills_own_is_said_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    bank = make_skill(tmp_path / "own", "teacher-toy", arch="toy")
    info = next(bank.rglob("skill_info.yaml"))
    document = yaml.safe_load(info.read_text())
    document["data_sources"] = {"train": {"dataset.taught": {"source": "teacher_dataset", "path": "a.zip"}}}
    info.write_text(yaml.safe_dump(document))
    with Runtime([bank]) as runtime:
        data = ["teacher_dataset=/d/x y"]
        sentence = said(runtime, "train", skill="teacher-toy", data=data, automl="off")
    assert sentence == (
        'train teacher-toy; data teacher_dataset = "/d/x y"; AutoML off; on platform local; nothing left out'
    )


def test_an_image_of_the_environment_counts_where_something_runs_in_it(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_IMAGE", "reg/env:1")
    assert "image" not in said(runtime, "train", **TRAIN)
    assert "; on platform docker; image reg/env:1; " in said(runtime, "train", **TRAIN, platform="docker")
