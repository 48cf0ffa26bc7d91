"""What is in doubt, or said of a part or of another thing, is asked about: nothing else is read of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.plan.model import WORDS
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]
TRAIN = "train rtdetr on data/a, val data/b"
PLAIN = f"{TRAIN}, no hpo"


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(said, library, index)
    index.close()


def asks(reading: Reading) -> bool:
    return all(any(q.key == WORDS for q in r.questions) for r in reading.requests)


@pytest.mark.parametrize(
    "said",
    [
        # What is only thought of.
        f"{TRAIN}, maybe hpo", f"{TRAIN}, hpo?", f"{PLAIN}, export?", f"{PLAIN}, 20 epochs?",
        f"Two GPUs? {PLAIN}", f"{PLAIN}. 30 epochs?", f"{TRAIN}. HPO?", f"{PLAIN}. And 30 epochs?",
        f"{PLAIN}. Slurm?", f"{PLAIN}. And an evaluation?", f"{PLAIN}. Evaluation?",
        f"{PLAIN}, maybe from m.pth", f"{PLAIN}, perhaps on 2 gpus", f"{PLAIN}, possibly on slurm",
        f"{PLAIN}, maybe results to ./out", f"{PLAIN}, 20 epochs (to be confirmed)",
        # A part of a search, a complaint of one, what it found.
        f"{TRAIN}, not only hpo", f"{TRAIN}, not just hpo", f"{TRAIN}, disable all but hpo",
        f"{TRAIN}, not too much hpo", f"{TRAIN}, no long hpo", f"{TRAIN}, no big hpo", f"{TRAIN}, less hpo",
        f"{TRAIN}, hardly any hpo", f"{TRAIN}, no hpo without asking", f"{TRAIN}, hpo takes too long",
        f"{TRAIN}, with the best of the hpo", f"{TRAIN}, hpo's winner", f"{TRAIN}, hpo afterwards",
        # One trial, their sum, what comes after them, what is not to be searched.
        f"{TRAIN}, hpo, 8 trials with 20 epochs for the final one", f"{TRAIN}, hpo, 20 epochs in total",
        f"{TRAIN}, hpo first, then train with the best for 50 epochs",
        f"{TRAIN}, hpo with 8 trials, the best one trained for 50 epochs",
        f"{TRAIN}, hpo, don't touch lr", f"{TRAIN}, hpo, batch size at most 8",
        # What a run does, and what is done by others or for some reason.
        f"{PLAIN}. The training runs on data/c.", f"{PLAIN}. The job runs on data/c.",
        f"{PLAIN}. It will run on data/c.", f"{PLAIN}. The evaluation runs on data/b.",
        f"{PLAIN}, which runs on pics/", f"{PLAIN}, good enough to run on pics/",
        f"{PLAIN}, because we have to run it on pics/", f"{PLAIN}. The goal is to run it on pics/.",
        f"{PLAIN}, until it evaluates well on data/b", f"{PLAIN}, before I export it",
        f"{PLAIN}, which can be exported", f"{PLAIN}, I do the evaluation",
        f"{PLAIN}, export it and evaluate it on data/c. I do the export.",
        # What a value is of.
        f"{PLAIN}, eval batch size 2", f"{PLAIN}, eval threshold 0.3", f"{PLAIN}, eval workers 2",
        f"{PLAIN}, eval results to ./out", f"{PLAIN}, batch size 2 in evaluation",
        f"{PLAIN}, seed 42 for the split", f"{PLAIN}, split seed 42", f"{PLAIN}, batch size 2 for val",
        f"{PLAIN}, node 3",
        "train rtdetr on data/a and evaluate it on data/b, no hpo, everything with batch size 2",
        "train rtdetr on data/a and evaluate it on data/b, no hpo, in general batch size 2",
        "train rtdetr on data/a, export it and evaluate it on data/b, no hpo. Batch size 2 for the first.",
        "train rtdetr on data/a, export it and evaluate it on data/b, no hpo. Evaluation first.",
        "evaluate rtdetr with m.pth on data/b, else train rtdetr on data/a, no hpo",
        # The state of the request itself.
        f"CANCELLED: {PLAIN}", f"[cancelled] {PLAIN}", f"DRAFT: {PLAIN}", f"for example: {PLAIN}",
        f"something like {PLAIN}", f"{PLAIN}. Hold on.", f"{PLAIN} (done)", f"{PLAIN}\nStatus: draft",
        f"{PLAIN}\nDeadline: Friday", f"## Done\ntrain segformer on data/c\n## To do\n{PLAIN}",
        f"## To do\n{PLAIN}\n## Maybe\ntrain segformer on data/c",
    ],
)  # fmt: skip
def test_what_is_in_doubt_or_of_a_part_is_asked_about(read: Read, said: str) -> None:
    assert asks(read(said))


@pytest.mark.parametrize(
    ("said", "actions"),
    [
        (f"Could you {PLAIN}, please?", ["train"]),
        (f"{PLAIN}, then export it", ["train", "export"]),
        (f"{PLAIN}, evaluate it: data/c", ["train", "evaluate"]),
        (f"{PLAIN}, then run it on pics/", ["train", "inference"]),
        (f"{PLAIN}, export, build an fp16 engine", ["train", "export", "gen_trt_engine"]),
        (f"{PLAIN}, 1 node 8 gpus", ["train"]),
    ],
)
def test_what_is_said_plainly_asks_nothing(read: Read, said: str, actions: list[str]) -> None:
    reading = read(said)
    assert [r.action for r in reading.requests] == actions
    assert not reading.not_understood


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("train rtdetr on data/a on slurm and segformer on data/b, no hpo", "on slurm"),
        ("train rtdetr on data/a, results to ./x, and segformer on data/b, no hpo", "results to ./x"),
        ("train rtdetr on data/a and segformer on data/b, val data/v, no hpo", "val data/v"),
        ("train rtdetr on data/a, but segformer first on data/b, no hpo", "first"),
    ],
)
def test_what_stands_with_one_of_two_models_is_asked_about(read: Read, said: str, unread: str) -> None:
    assert read(said).not_understood == (unread,)


@pytest.mark.parametrize(
    "said",
    [
        "train rtdetr and segformer on data/a, val data/v, no hpo",
        "train rtdetr on data/a and segformer on data/b, no hpo, results to ./x",
    ],
)
def test_what_stands_with_all_models_is_of_all(read: Read, said: str) -> None:
    assert read(said).not_understood == ()


@pytest.mark.parametrize(
    "said",
    [
        "In May.", "In may:", "By May.", "Last May.", "After May.",
        # In the pictures, or in the machine.
        "Two cards.", "Two cards for Ruth.", "Two workers.",
        # Where a machine has room for it; what depends on time beside another step.
        "If there is capacity,", "When there is a slot,", "If there are free slots,",
    ],
)  # fmt: skip
def test_a_part_before_an_order_that_bounds_it_asks(read: Read, said: str) -> None:
    assert asks(read(f"{said} {PLAIN}"))


@pytest.mark.parametrize(
    "when", ["if there is a chance", "when there is some time", "if there is a free moment"]
)
def test_a_step_that_depends_on_time_asks(read: Read, when: str) -> None:
    assert asks(read(f"{PLAIN}, then {when} export it"))


@pytest.mark.parametrize(
    "said",
    [
        f"If there is time, {PLAIN}", f"Whenever you have a moment, {PLAIN}", f"Use two cards. {PLAIN}",
        f"{PLAIN}. Two cards.", f"Two GPUs. {PLAIN}", f"May I ask you to {PLAIN}",
        f"{PLAIN}. Two GPUs, please?",
        f"{PLAIN}. Then an evaluation on data/t?", f"It may take long. {PLAIN}",
    ],
)  # fmt: skip
def test_what_is_polite_or_set_asks_nothing(read: Read, said: str) -> None:
    assert not asks(read(said))


@pytest.mark.parametrize(
    ("said", "left_out"),
    [
        (f"{PLAIN}, 20 epochs?", "20 epochs"), (f"{TRAIN}. HPO?", "HPO"), (f"Two GPUs? {PLAIN}", "Two GPUs"),
        (f"{PLAIN}. Slurm?", "Slurm"),
        ('description "cat" or "dog": run grounding dino with m.pth on pics/', 'description "cat" or "dog"'),
    ],
)  # fmt: skip
def test_what_is_asked_about_sets_nothing_where_it_is_left_out(read: Read, said: str, left_out: str) -> None:
    [request] = read(said).leaving_out([left_out]).requests
    assert (request.gpus, request.platform) == (None, None)
    assert [s.value for s in request.settings] in ([], ["m.pth"])
    assert request.automl == ("off" if "no hpo" in said else None)


@pytest.mark.parametrize(
    "said",
    [
        'description "cat" or "dog"', 'the prompt is "cat" or "kitten"', 'caption: "cat" or "kitten"',
        'the description should be "cat" or "dog"', 'phrase "cat" or "dog"',
    ],
)  # fmt: skip
def test_one_description_of_two_asks_which(read: Read, said: str) -> None:
    assert asks(read(f"{said}; run grounding dino with m.pth on pics/"))


@pytest.mark.parametrize(
    "said", ['find "cat" or "dog"', 'find either "cat" or "dog"', 'captions "cat" or "dog"']
)
def test_whichever_is_there_is_found(read: Read, said: str) -> None:
    assert not asks(read(f"{said} in pics/ with grounding dino, m.pth"))
