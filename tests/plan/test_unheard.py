"""What is said beside a request that reads without a question changes the plan, or is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.errors import AmbiguousSkillError, ConflictError, SkillNotFoundError
from skillbank.runtime import Runtime

REQUESTS = (
    "train Grounding DINO on /d/t, no HPO",
    "export RT-DETR to onnx",
    "find cats in /d/new with Grounding DINO",
)
PHRASES = (
    "images scaled to 800 pixels",
    "images resized to half",
    "starting with the newest",
    "tomorrow morning",
    "overnight",
    "the small one",
    "for the large model",
    "a bit longer",
    "umbrella",
    "with strong augmentation",
    "in two weeks",
    "delete the old results",
)
UNDERSTOOD = (
    "Hey, my supervisor wants me to train Grounding DINO on /d/t, no HPO",
    "train Grounding DINO on /d/t to see whether the pipeline works, no HPO",
    "When convenient, please train Grounding DINO on /d/t, nohpo",
    "train Grounding DINO on /d/t with 30 epochs and not 50, no HPO",
    "train Grounding DINO on /d/t with 4 steps of gradient accumulation, no HPO",
    "Does /d/t have labels? Train Grounding DINO on it without HPO.",
    "label cats in /d/a and train RT-DETR on /d/b, no HPO",
)


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_phrase_behind_a_request_is_no_heading(runtime: Runtime, request_: str) -> None:
    assert [p for p in PHRASES if not runtime.read(f"{request_}, {p}").not_understood] == []


def test_a_signature_holds_no_orders(runtime: Runtime) -> None:
    text = "train Grounding DINO on /d/t, no HPO. Thanks, Maria"
    assert not runtime.read(text).not_understood
    assert runtime.read(f"{text}, freeze the first layers").not_understood


def test_places_that_are_told_of_lead_no_results_anywhere(runtime: Runtime) -> None:
    text = "Our intern sorted the photos into /d/train and /d/val. Train RT-DETR on them, no HPO."
    [request] = runtime.read(text).requests
    assert request.results_root is None
    assert {d.source: d.uri for d in request.data} == {
        "train_datasets": "/d/train",
        "eval_dataset": "/d/val",
    }


def test_pictures_that_are_taken_from_a_place_are_no_checkpoint(runtime: Runtime) -> None:
    [request] = runtime.read("take the pictures from /d/birds and label robin and tit").requests
    assert [(d.source, d.uri) for d in request.data] == [("inference_dataset", "/d/birds")]


def test_what_changes_nothing_is_not_asked_about(runtime: Runtime) -> None:
    assert {t: read for t in UNDERSTOOD if (read := runtime.read(t).not_understood)} == {}


def test_what_follows_a_training_that_is_not_called_so(runtime: Runtime) -> None:
    requests = runtime.read("RT-DETR on /d/t, 30 epochs, no hpo; then export it").requests
    assert [r.action for r in requests] == ["train", "export"]


EXCLUDED = {
    "train rtdetr on anything but /data/coco": "anything but /data/coco",
    "train rtdetr on whatever but /data/coco": "whatever but /data/coco",
    "train rtdetr on any data but /data/coco": "any data but /data/coco",
    "train rtdetr on all of the data except /data/coco": "all of the data except /data/coco",
    "train rtdetr on every folder other than /data/coco": "on every folder other than /data/coco",
    "evaluate rtdetr from anything but the last job on /data/val": "anything but the last job",
    "evaluate rtdetr from any job except 3f2a1b9c on /data/val": "any job except 3f2a1b9c",
    "train rtdetr on /d/t with anything but fp16": "anything but fp16",
    "train rtdetr on /d/t with anything apart from fp16": "anything apart from fp16",
    "train rtdetr on /d/t for anything but 20 epochs": "anything but 20 epochs",
    "train rtdetr on /d/t, any algorithm but hyperband": "any algorithm but hyperband",
    "train rtdetr on /d/t, export it to anything but onnx": "anything but",
}
"""What names all there is and takes one thing out, and the words that are asked about."""


@pytest.mark.parametrize(("text", "asked"), EXCLUDED.items())
def test_what_is_excluded_is_not_what_is_meant(runtime: Runtime, text: str, asked: str) -> None:
    reading = runtime.read(text)
    assert reading.not_understood == (asked,)
    [request] = [r for r in reading.requests if r.action != "export"]
    assert not request.parent and not request.settings
    assert not {d.uri for d in request.data} - {"/data/val", "/d/t"}


@pytest.mark.parametrize("said", ["anything but", "any model other than", "whichever detector except"])
def test_a_model_that_is_excluded_is_never_run(runtime: Runtime, said: str) -> None:
    with pytest.raises(SkillNotFoundError, match="name one"):
        runtime.read(f"train {said} rtdetr on /data/coco")
    [request] = runtime.read(f"train grounding dino, {said} rtdetr, on /data/coco").requests
    assert "grounding" in request.skill and not request.questions


def test_what_is_excluded_beside_what_is_meant_needs_no_question(runtime: Runtime) -> None:
    [request] = runtime.read(
        "train rtdetr on /d/a, anything but /d/b, 30 epochs, anything but 20 epochs"
    ).requests
    assert [d.uri for d in request.data] == ["/d/a"] and not request.questions
    assert [s.value for s in request.settings] == [30]


@pytest.mark.parametrize("said", ["anything but automl", "everything but HPO", "do whatever except automl"])
def test_anything_but_a_search_is_none(runtime: Runtime, said: str) -> None:
    for text in (f"{said}: train rtdetr on /d/t", f"train rtdetr on /d/t, {said}"):
        [request] = runtime.read(text).requests
        assert request.automl == "off" and not request.questions


@pytest.mark.parametrize("said", ["anywhere but slurm", "on any platform except slurm"])
def test_a_platform_that_is_excluded_is_no_place_to_run(runtime: Runtime, said: str) -> None:
    [request] = runtime.read(f"train rtdetr on /d/t, {said}").requests
    assert request.platform is None and [q.key for q in request.questions] == ["platform"]


FEELINGS = (
    "I don't mind {}",
    "we do not care about {}",
    "can't do without {}",
    "we cannot live without {}",
    "I am not against {}",
    "we are not opposed to {}",
    "I wouldn't say no to {}",
    "not sure about {}",
    "don't be afraid of {}",
)


@pytest.mark.parametrize("feeling", FEELINGS)
def test_a_denied_feeling_denies_no_search(runtime: Runtime, feeling: str) -> None:
    reading = runtime.read(f"train rtdetr on /d/t, {feeling.format('automl')}")
    assert reading.requests[0].automl is None
    assert [asked.endswith("automl") for asked in reading.not_understood] == [True]


@pytest.mark.parametrize("said", ["never mind automl", "do not bother with HPO", "I don't want automl"])
def test_a_denied_search_is_none(runtime: Runtime, said: str) -> None:
    [request] = runtime.read(f"train rtdetr on /d/t, {said}").requests
    assert request.automl == "off" and not request.questions


REVERSED = {
    "automl off... hmm, on": "on",
    "automl off, actually on": "on",
    "turn automl off, I mean on": "on",
    "no hpo, wait, with hpo": "on",
    "without hpo, sorry, with": "on",
    "no automl. Hmm, yes please.": "on",
    "with hpo, wait, without": "off",
    "automl off. Well, thanks": "off",
}


@pytest.mark.parametrize(("said", "policy"), REVERSED.items())
def test_a_search_is_what_is_said_last_of_it(runtime: Runtime, said: str, policy: str) -> None:
    [request] = runtime.read(f"train rtdetr on /d/t, {said}").requests
    assert request.automl == policy and not request.questions


@pytest.mark.parametrize(
    "said", ["without pretrained weights, hmm, with", "no hpo, actually do it", "fp16 on, no, off"]
)
def test_a_state_that_may_take_back_what_was_said_is_asked_about(runtime: Runtime, said: str) -> None:
    assert runtime.read(f"train rtdetr on /d/t, {said}").not_understood


BOUND = (
    ("train RT-DETR on /d/t, no hpo, then evaluate in fp16 on /d/v", "in fp16"),
    ("train RT-DETR on /d/t, no hpo, and evaluate it on /d/v with lr 0.1", "lr 0.1"),
    ("train RT-DETR on /d/t, no hpo, then export in fp16", "in fp16"),
    ("train RT-DETR on /d/t, no hpo, then make an fp16 export", "an fp16"),
    ("train RT-DETR on /d/t, no hpo, then export it with seed 3", "seed 3"),
    ("train RT-DETR on /d/t, no hpo, then export it with weight decay 0.01", "weight decay 0.01"),
    ("train RT-DETR on /d/t, no hpo, then export it (fp16)", "fp16"),
    ("train RT-DETR on /d/t, no hpo, then export it, in fp16", "in fp16"),
    ("train RT-DETR on /d/t, no hpo, then export it; fp16", "fp16"),
    ("train RT-DETR on /d/t, no hpo, then run inference on /d/p with weight decay 0.1", "weight decay 0.1"),
    ("train RT-DETR on /d/t with seed 1, no hpo, then evaluate with seed 2 on /d/v", "seed 2"),
    ("train RT-DETR on /d/t with seed 1, no hpo, then evaluate on /d/v, seed 2", "seed 2"),
    (
        "label cats in /d/p at threshold 0.4 and train RT-DETR on the labels, no hpo, threshold 0.6",
        "threshold 0.6",
    ),
)


@pytest.mark.parametrize(("text", "asked"), BOUND)
def test_what_a_step_does_not_have_is_no_setting_of_another(runtime: Runtime, text: str, asked: str) -> None:
    reading = runtime.read(text)
    assert reading.not_understood == (asked,)
    learning = (r for r in reading.requests if r.action not in ("inference", "teach"))
    assert {s.value for r in learning for s in r.settings} <= {1}  # the seed of the training itself


def test_what_is_said_with_the_word_of_a_step_is_that_steps(runtime: Runtime) -> None:
    text = "train RT-DETR on /d/t, no hpo, then evaluate on /d/v with batch size 4 on 2 gpus"
    train, evaluate = runtime.read(text).requests
    assert (train.settings, train.gpus) == ((), None)
    assert ([s.value for s in evaluate.settings], evaluate.gpus) == ([4], 2)
    find, train = runtime.read("label cats in /d/p and train RT-DETR on the labels with resnet50").requests
    assert "resnet_50" not in [s.value for s in find.settings]
    assert [(s.key, s.value) for s in train.settings] == [("model.backbone", "resnet_50")]


@pytest.mark.parametrize(
    "text",
    [
        "first check the data in /d/t then train RT-DETR on it, no hpo",
        "First, check the data set in /d/t. Then train RT-DETR on it, no hpo",
        "check my images in /d/t first, then fine-tune RT-DETR with them, no hpo",
        "check /d/t for errors first and train RT-DETR on it, no hpo",
        "to begin with verify that the data in /d/t is valid, then train RT-DETR on it, no hpo",
    ],
)
def test_data_that_is_checked_first_is_trained_on_then(runtime: Runtime, text: str) -> None:
    check, train = runtime.read(text).requests
    assert (check.action, [(d.source, d.uri) for d in check.data]) == ("check", [("source_dataset", "/d/t")])
    assert (train.action, [(d.source, d.uri) for d in train.data]) == ("train", [("train_datasets", "/d/t")])


ELSEWHERE = {
    "train RT-DETR on /d/t here, no hpo, and evaluate on /d/v on kubernetes": ["local", "kubernetes"],
    "train RT-DETR on /d/t on slurm, no hpo, and evaluate it here on /d/v": ["slurm", "local"],
    "on slurm train RT-DETR on /d/t, no hpo, then here evaluate it on /d/v": ["slurm", "local"],
    "on slurm train RT-DETR on /d/t, no hpo, then on docker evaluate it on /d/v": ["slurm", "docker"],
    "train and evaluate RT-DETR on /d/t on slurm, no hpo, export it on docker": ["slurm", "slurm", "docker"],
    "train RT-DETR on /d/t, no hpo, evaluate it on /d/v; the evaluation on docker": [None, "docker"],
    "train RT-DETR on /d/t, no hpo, evaluate it on /d/v, slurm for the training": ["slurm", None],
    "train RT-DETR on /d/t, no hpo, and evaluate it on /d/v on slurm": ["slurm", "slurm"],
}
"""Requests, and where each of their steps runs."""


@pytest.mark.parametrize(("text", "platforms"), ELSEWHERE.items())
def test_each_step_runs_where_it_is_said_to(runtime: Runtime, text: str, platforms: list[str | None]) -> None:
    reading = runtime.read(text)
    assert [r.platform for r in reading.requests] == platforms and not reading.not_understood


def test_where_a_step_runs_that_has_no_platform_of_its_own_is_said(runtime: Runtime) -> None:
    text = "train RT-DETR on /d/t, val /d/w, no hpo, and evaluate it on /d/v on slurm"
    assert runtime.read(text).notes == (
        "all steps are taken to run on slurm, though it is said behind evaluate",
    )
    text = "train RT-DETR on slurm on /d/t, val /d/w, no hpo, evaluate it on docker on /d/v, and export it"
    assert runtime.read(text).notes == ("export is taken to run on docker, as the step before it does",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train RT-DETR on slurm on /d/t, no hpo, on kubernetes", "keep one"),
        ("train RT-DETR on /d/t, no hpo, evaluate it on /d/v on slurm, export it on docker", "for train"),
        ("train RT-DETR on slurm on docker on /d/t, no hpo, then export it", "for train"),
    ],
)
def test_a_step_has_one_platform(runtime: Runtime, text: str, said: str) -> None:
    with pytest.raises(ConflictError, match=said):
        runtime.read(text)


def test_a_platform_that_is_excluded_behind_its_name_is_asked_about(runtime: Runtime) -> None:
    text = "train RT-DETR on slurm on /d/t, no hpo, then export it, not on slurm"
    assert "platform" in {q.key for r in runtime.read(text).requests for q in r.questions}
    text = "train RT-DETR on slurm on /d/t, no hpo, then export it on docker, not on slurm"
    assert not any(r.questions for r in runtime.read(text).requests)


STEPS: dict[str, tuple[list[int], list[int]]] = {
    "then evaluate on /d/v; batch size 8 for the training": ([8], []),
    "then evaluate on /d/v, batch size 8 for training, batch size 2 for evaluation": ([8], [2]),
    "then with batch size 2 evaluate it on /d/v": ([], [2]),
    "evaluate on /d/v; the training with batch size 8": ([8], []),
}


@pytest.mark.parametrize(("said", "values"), STEPS.items())
def test_a_value_is_of_the_step_that_it_is_said_for(
    runtime: Runtime, said: str, values: tuple[list[int], list[int]]
) -> None:
    reading = runtime.read(f"train RT-DETR on /d/t, no hpo, {said}")
    assert tuple([s.value for s in r.settings] for r in reading.requests) == values
    assert not reading.not_understood


@pytest.mark.parametrize(("noun", "gpus"), [("training", [4, None]), ("evaluation", [None, 4])])
def test_gpus_of_a_step_that_is_named_are_its_own(
    runtime: Runtime, noun: str, gpus: list[int | None]
) -> None:
    text = f"train RT-DETR on /d/t, no hpo, then evaluate on /d/v; the {noun} on 4 gpus"
    assert [r.gpus for r in runtime.read(text).requests] == gpus


POLICIES = {
    "do not forget automl": "on",
    "never without hpo": "on",
    "but not without AutoML": "on",
    "don't skip the hpo": "on",
    "don't leave out automl": "on",
    "don't turn off automl": "auto",
    "no need to skip automl": "auto",
    "don't forget: no hpo": "off",
    "don't forget to turn automl off": "off",
}


@pytest.mark.parametrize(("said", "policy"), POLICIES.items())
def test_a_search_that_is_not_to_be_left_out_is_one(runtime: Runtime, said: str, policy: str) -> None:
    [request] = runtime.read(f"train RT-DETR on /d/t, {said}").requests
    assert request.automl == policy


def test_who_is_not_against_a_value_is_asked(runtime: Runtime) -> None:
    assert runtime.read("train RT-DETR on /d/t, no hpo, I am not against fp16").not_understood


@pytest.mark.parametrize("said", ["take a look at the data in", "look at", "see what is in"])
def test_data_that_is_looked_at_first_is_checked(runtime: Runtime, said: str) -> None:
    check, train = runtime.read(f"{said} /d/t, then train RT-DETR on it, no hpo").requests
    assert (check.action, train.action) == ("check", "train")
    assert "taken as a check" in str(check.notes[0])


def test_a_patience_that_ends_no_search_is_told(runtime: Runtime) -> None:
    def told(trials: int) -> bool:
        text = f"train RT-DETR on /d/t with hpo, {trials} trials, stop after 10 trials without improvement"
        return any("never ends" in str(w) for w in runtime.plan(text)[0].warnings)

    assert told(10) and not told(11)


def test_a_teacher_and_its_student_are_refused_with_the_sentence_to_say(runtime: Runtime) -> None:
    with pytest.raises(AmbiguousSkillError, match="on PICTURES to find THINGS"):
        runtime.read("distill Grounding DINO into a small RT-DETR")


def test_here_is_a_platform_only_where_a_step_runs(runtime: Runtime) -> None:
    text = "I have pictures here in /d/t; train RT-DETR on them here on slurm, no hpo"
    [request] = runtime.read(text).requests
    assert request.platform == "slurm"


ASKED = (
    "train RT-DETR on /d/t, no HPO, name the job roads-v2",
    "train RT-DETR on /d/t, no HPO, as job night1",
    "new job night1: train RT-DETR on /d/t, no HPO",
    "train RT-DETR on /d/t to detect only cars, no HPO",
    "label cars in /d/a in the COCO format",
    "annotate cars in /d/a as YOLO",
    "find cats in /d/a with Grounding DINO and save the labels as YOLO in /d/b",
    "train RT-DETR on /d/t, no HPO, 00,100 epochs",
    "Re: half the pictures\nTrain Grounding DINO on /d/t, no HPO",
    "Subject: frozen backbone\nTrain Grounding DINO on /d/t, no HPO",
    "train RT-DETR on /d/t, no HPO. we want a frozen backbone:",
    "Anna needs all 4 GPUs, so train RT-DETR on /d/t, no HPO",
    "redo the same training of RT-DETR on /d/t, no HPO",
)


@pytest.mark.parametrize("text", ASKED)
def test_what_no_part_of_a_plan_can_say_is_asked_about(runtime: Runtime, text: str) -> None:
    assert runtime.read(text).not_understood


@pytest.mark.parametrize(
    ("said", "value"),
    [("0,001", 0.001), ("0,0005", 0.0005), ("0.001", 0.001), ("1e-3", 0.001), ("0,050", 0.05)],
)
def test_no_thousands_begin_with_a_nought(runtime: Runtime, said: str, value: float) -> None:
    [request] = runtime.read(f"train RT-DETR on /d/t, learning rate {said}, no HPO").requests
    assert [(s.key, s.value) for s in request.settings] == [("learning_rate", value)]


@pytest.mark.parametrize("said", ["save it as night.pth", "save the weights to /out/night.pth"])
def test_a_training_writes_into_a_folder(runtime: Runtime, said: str, tmp_path: Path) -> None:
    [request] = runtime.read(f"train RT-DETR on /d/t, no HPO, {said}").requests
    assert request.pretrained is None
    assert "results_root" in {q.key for q in runtime.plan([request])[0].questions}
    (tmp_path / "night.pth").mkdir()
    folder = request.model_copy(update={"results_root": str(tmp_path / "night.pth")})
    assert "results_root" not in {q.key for q in runtime.plan([folder])[0].questions}


@pytest.mark.parametrize("said", ["save it as /out/m.onnx", "and save it to /out/m.onnx"])
def test_an_export_writes_the_file_that_is_named(runtime: Runtime, said: str) -> None:
    [request] = runtime.read(f"export the last RT-DETR training to onnx {said}").requests
    assert (request.results_root, [s.value for s in request.settings]) == (None, ["/out/m.onnx"])


@pytest.mark.parametrize("thing", ["I beams", "type i fractures"])
def test_a_thing_may_hold_a_word_for_somebody(runtime: Runtime, thing: str) -> None:
    [request] = runtime.read(f"find {thing} in /d/a").requests
    assert not request.questions and [s.value for s in request.settings] == [[thing]]
