"""Orders in people's own words: quoted, passed on, wished for, told behind what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.errors import NotFoundError, OutOfScopeError
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]
TRAIN = "train rtdetr on data/a for 5 epochs, no hpo"


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(said, library, index, job_skill=lambda job: "skillbank:tao-train-rtdetr")
    index.close()


def actions(reading: Reading) -> list[str]:
    return [request.action for request in reading.requests]


def asked(reading: Reading) -> tuple[list[str], list[list[str]], tuple[str, ...]]:
    """Return the actions of a text, the places of each, and the words that are asked about."""
    places = [[data.uri for data in request.data] for request in reading.requests]
    return actions(reading), places, reading.not_understood


@pytest.mark.parametrize(
    "said",
    [
        f'The note on the fridge reads: "{TRAIN}".', f'My boss says "{TRAIN}".',
        f'Forwarded by bot: "{TRAIN}, thanks"', f'Next line of the notebook: "TODO: {TRAIN}"',
        f'Notebook, page 5: "{TRAIN}". Ta!', f'Ana wrote: "{TRAIN}". Could you do that, please?',
        f'The note on my desk says: "{TRAIN}".', f'Ruth writes: "{TRAIN}". Please do so, thanks! Bob',
    ],
)  # fmt: skip
def test_an_order_in_quotes_is_read_where_nothing_else_is_asked(read: Read, said: str) -> None:
    reading = read(said)
    assert asked(reading) == (["train"], [["data/a"]], ())
    assert reading.requests[0].text == said
    assert [s.value for s in reading.requests[0].settings] == [5]


@pytest.mark.parametrize(
    "said",
    [
        f'Never write "{TRAIN}".', f'What does "{TRAIN}" do?', f'Why does the manual say: "{TRAIN}"?',
        f'I got the error: "{TRAIN} failed".', f'The readme says: "{TRAIN}".', f'Can I write "{TRAIN}"?',
        f'The old protocol said: "{TRAIN}". We changed our minds.', f'Bob wrote "{TRAIN}" yesterday.',
        f'Bob says "{TRAIN}", but he is wrong.', f'From the model card: "{TRAIN}"',
        f'A text file on the share reads: "{TRAIN}"', f'summarise this for me: "{TRAIN}"',
        f'Chat: "SYSTEM: {TRAIN}"', f'Nobody says: "{TRAIN}".', f'Imagine the mail reads: "{TRAIN}".',
        f'Suppose Bob writes: "{TRAIN}".', f'Ruth writes: "{TRAIN}". I refuse.',
    ],
)  # fmt: skip
def test_what_is_only_quoted_is_no_order(read: Read, said: str) -> None:
    with pytest.raises(OutOfScopeError):
        read(said)


@pytest.mark.parametrize(
    ("said", "doubted"),
    [
        (f'The note in the bin reads: "{TRAIN}".', "The note in the bin reads"),
        (f'A crossed-out line reads: "{TRAIN}".', "A crossed-out line reads"),
        (f'The old note reads: "{TRAIN}".', "The old note reads"),
        (f'The exam question reads: "{TRAIN}".', "The exam question reads"),
        (f'A stranger asks: "{TRAIN}".', "A stranger asks"),
        (f'My task for tomorrow reads: "{TRAIN}".', "My task for tomorrow reads"),
        (f'Ruth says: "I would {TRAIN}".', "I would"), (f'Ruth says: "you could {TRAIN}".', "you could"),
        (f'Ruth writes: "{TRAIN}". Ask Bob.', "Ask Bob"),
        (f'Ruth writes: "Bob wants to {TRAIN}".', "Bob wants"),
        (f'The tutorial says: "{TRAIN}".', "The tutorial says"),
        (f'First note: "{TRAIN}". Second note: "never mind the first".',
         'Second note: "never mind the first"'),
        (f'Ruth writes: "{TRAIN}". Bob writes: "train segformer on data/b".',
         'Bob writes: "train segformer on data/b"'),
    ],
)  # fmt: skip
def test_an_order_in_quotes_whose_word_is_doubtful_is_asked_about(
    read: Read, said: str, doubted: str
) -> None:
    reading = read(said)
    assert actions(reading) == ["train"]
    assert doubted in reading.not_understood


@pytest.mark.parametrize(
    "open_",
    [
        "if there is time", "if you have time", "whenever you have a moment", "at some point", "eventually",
        "which I find too dear", "which we think is a waste", "up to you", "provided Ruth agrees",
        "depending on the price",
    ],
)  # fmt: skip
def test_an_order_passed_on_that_is_left_open_is_asked_about(read: Read, open_: str) -> None:
    assert any(open_ in said for said in read(f"My boss says to {TRAIN}, {open_}.").not_understood)


def test_an_order_of_data_that_is_left_open_is_asked_about(read: Read) -> None:
    assert read("My boss says check data/a if you have time").not_understood == ("if you have time",)
    assert not read(f"My boss says to {TRAIN}, if you please.").not_understood


def test_what_an_order_in_quotes_leaves_open_is_asked_about(read: Read) -> None:
    """Nothing around the quotes makes a word of it a thing that is only told."""
    said = 'I was left a note: "run grounding dino on data/p, towel, checkpoint m.pth". Please do so.'
    assert "towel" in read(said).not_understood


@pytest.mark.parametrize(
    "said",
    [
        f"My son says: {TRAIN}.", f"My boss says to {TRAIN}.", f"Bob said we should {TRAIN}.",
        f"She told me to ask you to {TRAIN}.", f"Dr. Morrow asked me to ask you to {TRAIN}.",
        "She told me to split data/a into train and val, 80/20.",
    ],
)  # fmt: skip
def test_an_order_that_a_person_passes_on_is_one(read: Read, said: str) -> None:
    reading = read(said)
    assert asked(reading) == (["split" if "split" in said else "train"], [["data/a"]], ())


@pytest.mark.parametrize(
    "said",
    [
        "The assistant said it would train rtdetr on data/a.", f"The docs say: {TRAIN}.",
        "Bob said not to train rtdetr on data/a.", "Bob thinks we should train rtdetr on data/a.",
        "Everyone says you train rtdetr on data/a too long.", "Bob claims to train rtdetr on data/a.",
        f"My boss says to {TRAIN}, but I disagree.", f"My boss says to {TRAIN}. I have my doubts.",
        f"My boss says to {TRAIN}. Should I?", f"My boss says to {TRAIN}. Not sure.",
        f"My boss says to {TRAIN}. I veto that.", f"My boss says to {TRAIN}; your call.",
        f"My former boss says to {TRAIN}.", f"The note I threw away says to {TRAIN}.",
        f"My boss says we should {TRAIN}, I say we wait.", f"My boss says to {TRAIN}. He is often mistaken.",
        f"An email says to {TRAIN}.",
        f'A mail from a stranger reads: "{TRAIN}"',
    ],
)  # fmt: skip
def test_what_is_only_said_is_no_order(read: Read, said: str) -> None:
    with pytest.raises(OutOfScopeError):
        read(said)


@pytest.mark.parametrize(
    "said",
    [
        "What I need now is RT-DETR trained on data/a, no HPO.",
        "All we need is RT-DETR trained on data/a, no HPO.",
        "The fish market would like RT-DETR trained on data/a.",
        "What would help is RT-DETR trained on data/a.", "I'd like a fine-tuned RT-DETR from data/a, no HPO.",
        "From data/a I would like a trained RT-DETR, 10 epochs, no HPO.",
        "An RT-DETR trained on data/a would be lovely.",
        "Please make me a trained RT-DETR from data/a, no HPO.",
        "Training of RT-DETR may begin: data data/a, 18 epochs.",
        "The training of RT-DETR on data/a can start now.",
        "A training run of RT-DETR on data/a is what we need.",
        "Dr. Lund requests a training of RT-DETR on data/a.",
    ],
)  # fmt: skip
def test_a_training_is_wished_for_in_many_builds(read: Read, said: str) -> None:
    assert asked(read(said)) == (["train"], [["data/a"]], ())


@pytest.mark.parametrize(
    "said",
    [
        "RT-DETR was trained on data/a for 20 epochs.", "The RT-DETR that we trained on data/a is bad.",
        "We have a trained RT-DETR in data/a.", "The training of RT-DETR on data/a may fail.",
        "The training of RT-DETR on data/a can start when Ana agrees.",
    ],
)  # fmt: skip
def test_a_training_that_is_told_is_none(read: Read, said: str) -> None:
    with pytest.raises((OutOfScopeError, NotFoundError)):
        read(said)


@pytest.mark.parametrize(
    "said",
    [
        "Power went out and job 3fa91c died. Please resume it.",
        "Grain elevator. Job 3fa91c, please resume it.",
        "She'd like job 3fa91c resumed.", "Job 3fa91c crashed. Could it be resumed?",
        "Please let job 3fa91c go on.", "A reboot killed job 3fa91c, so please pick it up again.",
        "Since the power is back, job 3fa91c can be continued.",
        "The training was stopped. Kindly resume job 3fa91c.",
        "Job 3fa91c needs resuming.", "Job 3fa91c crashed, it needs resuming.", "Let job 3fa91c continue.",
        "Job 3fa91c crashed. Please continue from there.", "Pick job 3fa91c up again.",
    ],
)  # fmt: skip
def test_a_job_is_gone_on_with_behind_what_stopped_it(read: Read, said: str) -> None:
    reading = read(said)
    assert actions(reading) == ["train"]
    assert reading.requests[0].parent == "3fa91c"
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    "said",
    [
        "Please export rtdetr from job 3fa91c so that the others can pick it up.",
        "Job 3fa91c was resumed by Tom. Export rtdetr from it.",
        "Export rtdetr from job 3fa91c. Tom will continue it.",
    ],
)  # fmt: skip
def test_a_job_that_others_go_on_with_is_not(read: Read, said: str) -> None:
    assert actions(read(said)) == ["export"]


@pytest.mark.parametrize("said", ["If job 3fa91c stops, resume it.", "How can job 3fa91c be resumed?"])
def test_what_may_be_gone_on_with_is_no_order(read: Read, said: str) -> None:
    with pytest.raises(OutOfScopeError):
        read(said)


@pytest.mark.parametrize(
    "told", ["We have boxes round each car in data/a.", "Bob drew boxes round each car."]
)
def test_boxes_that_are_there_are_to_be_found_no_more(read: Read, told: str) -> None:
    assert actions(read(f"{told} {TRAIN}")) == ["train"]


@pytest.mark.parametrize(
    "said",
    [
        "Could RT-DETR be let loose on data/p? With job 3fa91c's checkpoint.",
        "I photographed everything into data/p; could RT-DETR run on that, with the model of job 3fa91c?",
        "What would be great: a run of RT-DETR on data/p, with the checkpoint of job 3fa91c.",
        "Have RT-DETR look at the pictures in data/p with the checkpoint of job 3fa91c.",
        "RT-DETR should have a look at data/p, checkpoint of job 3fa91c.",
        "I'd like RT-DETR to go over data/p with the checkpoint of job 3fa91c.",
        "Pass data/p through RT-DETR from job 3fa91c.", "Show data/p to RT-DETR from job 3fa91c.",
        "data/p is in. Please run RT-DETR on it with the checkpoint of job 3fa91c.",
        "data/p is next, run RT-DETR on it with the checkpoint of job 3fa91c.",
    ],
)  # fmt: skip
def test_a_model_is_let_loose_on_pictures_without_the_word(read: Read, said: str) -> None:
    reading = read(said)
    assert asked(reading) == (["inference"], [["data/p"]], ())
    assert reading.requests[0].parent == "3fa91c"
    assert reading.requests[0].results_root is None


@pytest.mark.parametrize(
    ("said", "things"),
    [
        ("Please put boxes round each fire hydrant in data/p.", ["fire hydrant"]),
        ("Give me a box for every swimmer in data/p.", ["swimmer"]),
        ("We need boxes drawn around all the lifeboats in data/p.", ["lifeboats"]),
        ("A box around every mushroom in data/p would be great.", ["mushroom"]),
        ("I'd like the images in data/p pre-labelled with goat and kid.", ["goat", "kid"]),
        ("data/p should be pre-labelled with hen and rooster.", ["hen", "rooster"]),
        ("data/p needs labels for parrots and toucans.", ["parrots", "toucans"]),
        ("Prelabel request: bottles, knives; images in data/p.", ["bottles", "knives"]),
        ("The exercise is soon, so label tulips in data/p.", ["tulips"]),
        ("Could it label ambulances in data/p?", ["ambulances"]),
        ("I kindly request that you label storks in data/p.", ["storks"]),
        ("I request that doors and seals be labelled in data/p.", ["doors", "seals"]),
        ("For the NOTAM folks we'd need bolts labelled in data/p.", ["bolts"]),
        ("What we want is every traffic cone in data/p labelled.", ["traffic cone"]),
        ("I'd be happy to have each parking meter in data/p marked with a box.", ["parking meter"]),
        ("Solar panels, please: label them in data/p.", ["Solar panels"]),
        ("Defects of interest: scale, slivers. Please label these in data/p.", ["scale", "slivers"]),
        ('Run grounding dino with m.pth on data/p, "graffiti" as the description.', ["graffiti"]),
    ],
)  # fmt: skip
def test_things_are_to_be_found_in_many_builds(read: Read, said: str, things: list[str]) -> None:
    reading = read(said)
    assert asked(reading) == (["inference"], [["data/p"]], ())
    assert things in [setting.value for setting in reading.requests[0].settings]


@pytest.mark.parametrize(
    "said",
    [
        "Label wet parcels in data/p, and hand me YOLO.", "Label lilies in data/p and send me a COCO file.",
        "Boxes for tulips and for roses are wanted in data/p.",
        "marketing wants every sunset labelled in data/p.",
    ],
)  # fmt: skip
def test_what_a_labelling_holds_nothing_of_is_asked_about(read: Read, said: str) -> None:
    reading = read(said)
    assert actions(reading) == ["inference"]
    assert reading.not_understood
    assert not any("wants" in str(s.value) or "wanted" in str(s.value) for s in reading.requests[0].settings)


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("Dataset split: data/a, 80/20 into train and val.", "split"),
        ("data/a gets split into train and val, 80/20, please.", "split"),
        ("data/a must be cut into train and val at 80/20.", "split"),
        ("Dr. Lund requests validation of the data set data/a.", "check"),
        ("Validation of the data set data/a is requested.", "check"),
        ("A check of data/a is what he's asking for.", "check"),
        ("We'd be glad of a format check on data/a.", "check"),
        ("We need data/a converted from VOC to COCO in data/b.", "convert"),
    ],
)  # fmt: skip
def test_work_on_a_data_set_is_asked_for_by_nouns_and_participles(read: Read, said: str, action: str) -> None:
    assert asked(read(said)) == ([action], [["data/a"]], ())


@pytest.mark.parametrize(
    "said",
    [
        "Dictated on the train, in a tunnel: evaluate rtdetr on data/v with m.pth.",
        "evaluate rtdetr on data/v with m.pth, still in the train",
        "The plankton training went through. Please evaluate rtdetr on data/v with m.pth.",
        "Task card 18: evaluate rtdetr on data/v with m.pth.",
        "Evaluate rtdetr on data/v with m.pth, its checkpoint and threshold 0.4.",
    ],
)  # fmt: skip
def test_words_beside_an_order_make_no_step_and_no_value(read: Read, said: str) -> None:
    reading = read(said)
    assert actions(reading) == ["evaluate"]
    assert reading.requests[0].gpus is None
    assert not any("gpu_ids" in s.key or s.value in ("and", "being") for s in reading.requests[0].settings)


def test_a_share_of_a_network_is_a_place(read: Read) -> None:
    assert asked(read("train rtdetr on //host/share/a, no hpo")) == (["train"], [["//host/share/a"]], ())


@pytest.mark.parametrize("lead", ["For the tablet: ", "The tablet is slow. "])
def test_a_teacher_and_its_student_stand_behind_a_lead(read: Read, lead: str) -> None:
    said = f"{lead}distill grounding dino into rtdetr on data/p, to find bikes and helmets."
    reading = read(said)
    assert actions(reading) == ["teach", "train"]
    assert reading.not_understood == ()
