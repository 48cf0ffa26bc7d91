"""The table of formats in references/dataset-formats.md: every yes is tried, every no is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.bank.home import bank_root
from skillbank.bank.tables import markdown_tables
from skillbank.datasets.converting import convert
from skillbank.datasets.formats import FORMATS as EVERY
from skillbank.datasets.formats import LAST
from skillbank.datasets.opening import open_place
from skillbank.datasets.tree import open_tree
from skillbank.errors import SkillbankError
from skillbank.labelling.batch import label_pictures
from skillbank.labelling.data_sets import DATA_SETS, data_set_pictures
from skillbank.labelling.findings import Finding, Labelled
from skillbank.labelling.formats import label_files
from skillbank.runtime import Runtime
from tests.datasets.reading import boxes, picture, text
from tests.datasets.running import Staged, plan_of, staged
from tests.datasets.samples import CLASSES, CLASSES_OF, HELD, SAMPLES, SIZE

FORMATS = [each for each in EVERY if not getattr(each, "weak", False)]
"""Those of boxes."""
DOCUMENT = bank_root() / "references" / "dataset-formats.md"
COLUMNS = ("train", "evaluate", "inference", "label writes", "data convert writes")
Try = Callable[[str, Path], None]


def table() -> dict[str, dict[str, str]]:
    """Return the cells of the table by format and column."""
    tables = markdown_tables(DOCUMENT.read_text())
    found = [each for each in tables if "--format" in each.header and "train" in each.header]
    [only] = found
    assert only.header == ("format", "--format", *COLUMNS)
    return {row[1]: dict(zip(COLUMNS, row[2:], strict=True)) for _, row in only.rows}


TABLE = table()
CELLS = [(form, column, said) for form, row in TABLE.items() for column, said in row.items() if said != "-"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def test_the_table_has_every_format_and_says_yes_or_no() -> None:
    assert list(TABLE) == [each.name for each in (*FORMATS, LAST)] == list(SAMPLES)
    assert {said for *_, said in CELLS} == {"yes", "no"}
    assert len(CELLS) == len(TABLE) * len(COLUMNS) - 1, (
        "label draws boxes into pictures, which is no data set"
    )


@pytest.mark.parametrize("form", TABLE)
def test_a_sample_is_recognised_as_its_format(form: str, place: Path) -> None:
    SAMPLES[form](place)
    assert open_place(place).data.format == form


@pytest.mark.parametrize("form", TABLE)
def test_no_other_format_claims_a_sample(form: str, place: Path) -> None:
    SAMPLES[form](place)
    whole = open_tree(place)
    for tree in (whole, *(whole.below(folder) for folder in whole.split_folders)):
        claims = [each.name for each in FORMATS if (found := each.recognise(tree)) and not found.lacking]
        assert set(claims) <= {form}


@pytest.mark.parametrize(("form", "column", "said"), CELLS, ids=[f"{f}-{c}" for f, c, _ in CELLS])
def test_a_cell(form: str, column: str, said: str, place: Path) -> None:
    SAMPLES[form](place)
    if said == "yes":
        TRIES[column](form, place)
        return
    with pytest.raises(SkillbankError, match=REFUSED[column]):
        REFUSALS.get(column, TRIES[column])(form, place)


def train(form: str, place: Path) -> None:
    given = staged(plan_of(f"train Grounding DINO on {place}, no HPO, 1 epoch"))
    training, validation = given.training(), given.validation()
    learned = {each.image.stem[0]: len(each.boxes) for each in training.records}
    assert learned == {stem: len(marks) for stem, marks in HELD["train"].items()}
    assert set(training.labels) == set(CLASSES_OF.get(form, CLASSES))
    assert {each.image.stem[0]: len(each.boxes) for each in validation.records} == {"c": 2}


def evaluate(form: str, place: Path) -> None:
    given = staged(plan_of(f"evaluate Grounding DINO on {place}, checkpoint {weights(place)}"))
    measured = given.validation("test_data_sources")
    assert {each.image.stem[0]: len(each.boxes) for each in measured.records} == {"c": 2}
    assert set(measured.names) == set(CLASSES_OF.get(form, CLASSES))


def inference(form: str, place: Path) -> None:
    words = f"run inference with Grounding DINO on {place}, find 'cat', checkpoint {weights(place)}"
    assert {each.stem[0] for each in seen(staged(plan_of(words)))} == {"a", "b", "c"}


def label_writes(form: str, place: Path) -> None:
    """Write what was found in a picture, as ``label -f`` does, and read it as a data set."""
    found = Labelled("a.jpg", *SIZE, (Finding("cat", 0.9, (10, 20, 40, 60)),))
    target = place.parent / "labelled"
    for name, content in label_files(form, [found], ["cat"]):
        text(target / name, content)
    beside = "kitti/a.jpg" if form == "kitti" else "a.jpg"
    if form in DATA_SETS:
        beside = str(dict(data_set_pictures(form, [found]))["a.jpg"])
    picture(target / beside, SIZE)
    data = open_place(target).data
    assert data.format == form and data.classes == ("cat",)
    read = [marks for split in data.splits for marks in boxes(data, split.name).values()]
    assert read == [[("cat", 10, 20, 40, 60)]]


def label_refuses(form: str, place: Path) -> None:
    drawn = next(each for each in place.rglob("*") if each.suffix in (".jpg", ".png"))
    with Runtime([]) as runtime:
        label_pictures(runtime, [drawn], ["cat"], model="", output=place.parent / "out", kinds=[form])


def data_convert_writes(form: str, place: Path) -> None:
    target = place.parent / "converted"
    convert(open_place(place), form, target)
    data = open_place(target).data
    assert data.format == form
    for split, entries in HELD.items():
        read = {Path(name).stem: set(marks) for name, marks in boxes(data, split).items()}
        assert read == {
            stem: {(name, *corners) for name, corners in marks} for stem, marks in entries.items()
        }


def weights(place: Path) -> Path:
    """Return a file that stands for a model: what is tried is the data alone."""
    file = place.parent / "model.pth"
    file.write_bytes(b"weights")
    return file


def seen(given: Staged) -> list[Path]:
    folder = given.path("dataset.infer_data_sources.image_dir[0]")
    return [each for each in folder.rglob("*") if each.suffix in (".jpg", ".png")]


TRIES: dict[str, Try] = {
    "train": train,
    "evaluate": evaluate,
    "inference": inference,
    "label writes": label_writes,
    "data convert writes": data_convert_writes,
}
REFUSALS: dict[str, Try] = {"label writes": label_refuses}
"""What is tried of a no, where it is not the same."""
REFUSED = {
    "train": "pictures and no annotations that are recognised",
    "evaluate": "pictures and no annotations that are recognised",
    "label writes": "Labels cannot be written as",
    "data convert writes": "cannot be written",
}
