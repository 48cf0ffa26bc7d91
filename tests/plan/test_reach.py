"""How far what is said reaches: of which step a value is, what bounds a run, which place has which role."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train RT-DETR on /d/t, no hpo"
SEARCH = "train RT-DETR on /d/t, validate on /d/v, {}, 8 trials"


@pytest.mark.parametrize(
    "said", ["Then export it. In fp16.", "Export it afterwards. fp16.", "Export it. bf16."]
)
def test_a_value_behind_a_full_stop_that_a_step_does_not_have_is_asked_about(
    runtime: Runtime, said: str
) -> None:
    reading = runtime.read(f"{TRAIN}. {said}")
    assert reading.not_understood and all(not r.settings for r in reading.requests)


@pytest.mark.parametrize("said", [", 2 GPUs", ". 2 GPUs.", ", on 2 nodes", ": 2 GPUs"])
def test_machines_behind_the_last_of_several_steps_are_asked_about(runtime: Runtime, said: str) -> None:
    train, evaluate = runtime.read(f"{TRAIN}, then evaluate it on /d/v{said}").requests
    assert [q.key for q in train.questions] == ["nodes" if "nodes" in said else "gpus"]
    assert (train.gpus, train.nodes, evaluate.questions) == (None, None, ())


@pytest.mark.parametrize("said", [", batch size 8", ". Batch size 8.", ". Use batch size 8."])
def test_a_value_that_a_training_has_too_is_asked_about_behind_an_evaluation(
    runtime: Runtime, said: str
) -> None:
    train, evaluate = runtime.read(f"{TRAIN}, evaluate it on /d/v{said}").requests
    assert [q.key for q in train.questions] == ["batch_size"]
    assert [s.value for s in evaluate.settings] == [8]


SIZES = {
    "evaluate it on /d/v with batch size 8": [[], [8]],
    "evaluate it on /d/v, batch size 8 for both": [[8], [8]],
    "evaluate it on /d/v. Use batch size 8 for the training.": [[8], []],
    "export it and evaluate it on /d/v with batch size 8": [[], [], [8]],
    "export and evaluate it on /d/v with batch size 8": [[], [8], [8]],
    "batch size 4, evaluate it on /d/v, batch size 8": [[4], [8]],
}


@pytest.mark.parametrize(("said", "sizes"), SIZES.items())
def test_a_value_is_of_the_steps_that_it_is_said_with(
    runtime: Runtime, said: str, sizes: list[list[int]]
) -> None:
    reading = runtime.read(f"{TRAIN}, {said}")
    assert [[s.value for s in r.settings] for r in reading.requests] == sizes
    assert not reading.not_understood and not any(r.questions for r in reading.requests)


GPUS = {
    "then evaluate it on /d/v with 2 GPUs": [None, 2],
    "then evaluate it on /d/v (2 GPUs)": [None, 2],
    "then evaluate it on /d/v, 2 GPUs for both": [2, 2],
    "evaluate it on /d/v, 2 GPUs for the training and the evaluation": [2, 2],
    "evaluate it on /d/v. 4 GPUs for the training, 1 for the evaluation.": [4, 1],
    "evaluate it on /d/v. Use 4 GPUs to train and one GPU to evaluate.": [4, 1],
    "evaluate it on /d/v, both on 2 GPUs": [2, 2],
    "evaluate it on /d/v. For the evaluation use 2 GPUs.": [None, 2],
}


@pytest.mark.parametrize(("said", "gpus"), GPUS.items())
def test_machines_are_of_the_steps_that_they_are_said_for(
    runtime: Runtime, said: str, gpus: list[int | None]
) -> None:
    reading = runtime.read(f"{TRAIN}, {said}")
    assert [r.gpus for r in reading.requests] == gpus
    assert not reading.not_understood and not any(r.questions for r in reading.requests)


def test_what_is_said_of_all_behind_the_last_step_is_of_all(runtime: Runtime) -> None:
    text = "train RT-DETR on /d/t, evaluate it on /d/v and export it. No HPO, 2 GPUs."
    assert [r.gpus for r in runtime.read(text).requests] == [2, 2, 2]


def test_a_number_without_a_noun_is_of_the_step_behind_it(runtime: Runtime) -> None:
    text = f"{TRAIN}, and evaluate it on /d/v; batch size 8 for training and 2 for evaluation"
    assert [[s.value for s in r.settings] for r in runtime.read(text).requests] == [[8], [2]]


SEARCHED = {
    "without automl being skipped": "on",
    "do not miss out hpo": "on",
    "HPO must not be left out": "on",
    "HPO shouldn't be omitted": "on",
    "HPO is to be avoided": "off",
    "HPO can be dropped": "off",
    "without HPO turned on": "off",
    "without HPO being turned off": "auto",
}


@pytest.mark.parametrize(("said", "policy"), SEARCHED.items())
def test_a_state_behind_a_search_is_denied_by_what_stands_before_it(
    runtime: Runtime, said: str, policy: str
) -> None:
    reading = runtime.read(f"train RT-DETR on /d/t, {said}")
    assert [r.automl for r in reading.requests] == [policy] and not reading.not_understood


LIMITS = (
    "We only have 3 hours",
    "We have 3 hours left",
    "Half an hour is all we have",
    "There are two hours left",
    "It must be finished by Monday",
    "I need it by Monday",
    "it has to be done before noon",
    "Jobs are killed after 6 hours here",
    "I want to see results within an hour",
    "a quarter of it is validation",
    "every fifth picture is for validation",
    "the last 100 pictures are the validation set",
    "the rest is for testing",
    "save a checkpoint every 20th epoch but the first",
    "validate every 2 epochs, the last one excluded",
    "but first see what's in there",
    "but check /d/t first",
    "exporting must not be forgotten",
    "batch size 16 over 2 GPUs together",
)


@pytest.mark.parametrize("said", LIMITS)
def test_what_bounds_a_run_or_takes_a_part_of_its_data_is_asked_about(runtime: Runtime, said: str) -> None:
    assert runtime.read(f"{TRAIN}. {said}.").not_understood


@pytest.mark.parametrize(
    "said",
    [
        "The last one took 3 hours",
        "We recorded it yesterday within 3 hours",
        "I am on holiday from Monday",
        "They want it by Thursday",
        "The data was finished on Monday",
        "It is 3 hours of video",
    ],
)
def test_times_that_are_told_bound_nothing(runtime: Runtime, said: str) -> None:
    assert not runtime.read(f"{said}. {TRAIN}.").not_understood


@pytest.mark.parametrize("said", ["We only have 3 hours", "I just have 3 hours", "We have 3 hours left"])
def test_the_time_that_there_is_for_a_search_is_its_budget(runtime: Runtime, said: str) -> None:
    [request] = runtime.read(f"{SEARCH.format('with HPO')}. {said}.").requests
    assert ("automl.time_budget", "3h") in [(s.key, s.value) for s in request.settings]


SPACES = {
    "search only lr and weight decay": ["train.optim.lr", "train.optim.weight_decay"],
    "HPO over lr and weight decay only": ["train.optim.lr", "train.optim.weight_decay"],
    "HPO limited to the learning rate": ["train.optim.lr"],
}


@pytest.mark.parametrize(("said", "keys"), SPACES.items())
def test_a_search_is_over_what_it_is_limited_to(runtime: Runtime, said: str, keys: list[str]) -> None:
    reading = runtime.read(SEARCH.format(said))
    [request] = reading.requests
    assert {s.key: s.value for s in request.settings}["automl.parameters"] == keys
    assert not reading.not_understood


@pytest.mark.parametrize("said", ["8 random trials", "8 trials random"])
def test_an_algorithm_beside_trials_is_theirs(runtime: Runtime, said: str) -> None:
    [request] = runtime.read(f"train RT-DETR on /d/t, validate on /d/v, {said}").requests
    assert {(s.key, s.value) for s in request.settings} >= {
        ("automl.algorithm", "random"), ("automl.max_recommendations", 8),
    }  # fmt: skip


PLACES = {
    "train RT-DETR on /d/a and /d/b, no hpo; /d/b is for validation": (["/d/a"], ["/d/b"]),
    "train RT-DETR on /d/a, /d/b and /d/c, no hpo; /d/c is for validation": (["/d/a", "/d/b"], ["/d/c"]),
    "train RT-DETR, data/train, no hpo": (["data/train"], []),
    "train RT-DETR, training data images/train, validation data images/val, no hpo": (
        ["images/train"], ["images/val"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "places"), PLACES.items())
def test_places_are_for_what_is_said_of_them_last(
    runtime: Runtime, text: str, places: tuple[list[str], list[str]]
) -> None:
    reading = runtime.read(text)
    [request] = reading.requests
    found = tuple(
        [d.uri for d in request.data if d.source == source] for source in ("train_datasets", "eval_dataset")
    )
    assert found == places and not reading.not_understood and not request.questions


def test_a_place_that_is_named_for_two_things_is_asked_about(runtime: Runtime) -> None:
    [request] = runtime.read("train RT-DETR on /d/a and /d/b, no hpo. Validation: /d/b.").requests
    assert [q.key for q in request.questions] == ["data.train"]


def test_known_words_with_a_slash_are_a_path_unless_they_are_of_one_kind(runtime: Runtime) -> None:
    [request] = runtime.read("evaluate RT-DETR, checkpoint models/best, on /d/v").requests
    assert ("evaluate.checkpoint", "models/best") in [(s.key, s.value) for s in request.settings]
    [request] = runtime.read(f"{TRAIN}, save to runs/new").requests
    assert request.results_root == "runs/new"
    actions = [r.action for r in runtime.read("train/export RT-DETR on /d/t, no hpo/automl").requests]
    assert actions == ["train", "export"]


@pytest.mark.parametrize("said", ["and have it exported", "and get it exported", "then have it exported"])
def test_what_is_to_be_had_done_is_asked_for(runtime: Runtime, said: str) -> None:
    assert [r.action for r in runtime.read(f"{TRAIN}, {said}").requests] == ["train", "export"]
    told = runtime.read(f"{TRAIN}; we have it exported already").requests
    assert [r.action for r in told] == ["train"]


def test_data_is_looked_at_before_it_is_trained_on(runtime: Runtime) -> None:
    text = "see what is in /d/t before you train RT-DETR on it, no hpo"
    assert [r.action for r in runtime.read(text).requests] == ["check", "train"]


@pytest.mark.parametrize("head", ["Request 4411: ", "Ticket #4411 - ", "Request no. 12\n", "Task 2: "])
def test_the_number_of_a_request_says_nothing_of_it(runtime: Runtime, head: str) -> None:
    reading = runtime.read(f"{head}{TRAIN}")
    assert not reading.not_understood and not reading.requests[0].settings
    assert runtime.read(f"Order 20 crates: {TRAIN}").not_understood


ORDERS = {
    "train RT-DETR on /d/t, no hpo; but first evaluate job 0fd673 on /d/v": ["evaluate", "train"],
    "train RT-DETR on /d/t, no hpo and export it. Evaluate it on /d/v before exporting.": [
        "train", "evaluate", "export",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "actions"), ORDERS.items())
def test_what_is_said_to_come_first_runs_first_also_in_a_later_sentence(
    runtime: Runtime, text: str, actions: list[str]
) -> None:
    assert [r.action for r in runtime.read(text).requests] == actions


OF_NOBODY = {
    "I will evaluate it on /d/v": "I will",
    "Export follows": "Export follows",
    "The export comes next": "export comes next",
    "It gets exported": "It gets exported",
    "Evaluation on /d/v: done": "done",
    "Evaluate it on /d/v? Maybe": "Maybe",
    "Once more with lr 1e-5": "Once more with lr 1e-5",
}


@pytest.mark.parametrize(("said", "unread"), OF_NOBODY.items())
def test_a_further_step_that_nobody_orders_is_asked_about(runtime: Runtime, said: str, unread: str) -> None:
    assert unread in runtime.read(f"{TRAIN}. {said}.").not_understood


UNASKED = {
    "train RT-DETR on /d/t, no hpo. For the export use batch size 2.": "export",
    "train RT-DETR on /d/t, no hpo and export it on /d/v": "/d/v",
    "resume 0fd673, then evaluate RT-DETR on /d/v": "resume",
    "train RT-DETR on /d/t, validate on /d/v, neither with nor without HPO": "neither with nor without",
}


@pytest.mark.parametrize(("text", "words"), UNASKED.items())
def test_what_is_said_of_nothing_that_is_asked_for_is_asked_about(
    runtime: Runtime, text: str, words: str
) -> None:
    reading = runtime.read(text)
    assert any(words in each for each in reading.not_understood)
    assert all(not r.settings for r in reading.requests)


def test_a_training_of_what_has_been_evaluated_goes_on_from_its_job(runtime: Runtime) -> None:
    text = "evaluate 0fd673 of RT-DETR on /d/v and then train it further on /d/t, no hpo"
    assert [r.parent for r in runtime.read(text).requests] == ["0fd673", "0fd673"]


def test_both_models_are_evaluated(runtime: Runtime) -> None:
    text = "train RT-DETR on /d/t, no hpo; train Grounding DINO on /d/t, no hpo; evaluate both on /d/v"
    skills = [(r.skill.rpartition("-")[2], r.action) for r in runtime.read(text).requests]
    assert skills == [("rtdetr", "train"), ("dino", "train"), ("rtdetr", "evaluate"), ("dino", "evaluate")]


def test_machines_of_a_step_of_its_own_are_not_multiplied_by_those_before(runtime: Runtime) -> None:
    text = "train RT-DETR on /d/t, no hpo, 2 nodes with 8 GPUs each, then export on 1 GPU"
    assert [(r.gpus, r.nodes) for r in runtime.read(text).requests] == [(8, 2), (1, None)]
