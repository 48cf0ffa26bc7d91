"""Checks of data sets as they lie on the disk: clean ones of every written format, and known cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.converting import convert
from skillbank.datasets.copying import marks_of
from skillbank.datasets.faults import Severity
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.opening import open_place
from skillbank.datasets.report import DataReport
from skillbank.storage.data_place import unpacker
from tests.datasets.made import Made
from tests.datasets.test_clean import on_the_edge, other_letters, plain, tall, telephone

CASES = Path(__file__).parents[3] / "shared" / "cases" / "inputs"
ERRORS = {
    "box_normalised": {"boxes-fractions": 20},
    "box_zero": {"box-empty": 1},
    "coco_noann": {"nothing-to-measure": 1},
    "label_disagrees": {"label-contradicts": 20},
    "pic_truncated": {"picture-broken": 1},
}
"""What is wrong with cases of others, as their table says."""
CLEAN = (
    "bom coco_ids_string coco_unsorted eval_cvat fmt_beside fmt_coco_train fmt_labelme fmt_roboflow_coco "
    "fmt_tar_top fmt_voc fmt_yolo_ultra inf_folder label_float name_prefix name_windows odvg_is_coco "
    "pic_exif_ls"
)


@pytest.fixture
def cases() -> Path:
    if not CASES.is_dir():
        pytest.skip(f"the cases are not at {CASES}")
    return CASES


def counted(report: DataReport, severity: Severity) -> dict[str, int]:
    return {kind.name: count for kind, count, _ in report.tally.of(severity)}


@pytest.mark.parametrize("writer", [writer.name for writer in WRITERS if marks_of(writer) == "boxes"])
@pytest.mark.parametrize("make", [plain, other_letters, tall, telephone, on_the_edge])
def test_what_is_written_of_a_clean_set_is_clean(
    make: Callable[[Path], Made], writer: str, tmp_path: Path
) -> None:
    made = make(tmp_path / "set")
    before = check_data(made.opened())
    convert(made.opened(), writer, tmp_path / "copy")
    opened = open_place(tmp_path / "copy")
    after = check_data(opened)
    assert opened.data.format == writer
    assert counted(after, Severity.ERROR) == counted(after, Severity.WARNING) == {}
    assert {each.name: (each.pictures, each.boxes) for each in after.splits} == {
        each.name: (each.pictures, each.boxes) for each in before.splits
    }
    classes = {each.name: dict(each.by_class) for each in before.splits}
    assert {each.name: dict(each.by_class) for each in after.splits} == classes


@pytest.mark.parametrize("case", [*ERRORS, *CLEAN.split()])
def test_cases_are_judged_as_their_table_says(case: str, cases: Path, tmp_path: Path) -> None:
    report = check_data(open_place(cases / case, unpacker(tmp_path / "cache")))
    assert counted(report, Severity.ERROR) == ERRORS.get(case, {})


def test_exif_is_named_where_it_explains_a_size(cases: Path) -> None:
    report = check_data(open_place(cases / "pic_exif_ls"))
    assert counted(report, Severity.WARNING)["size-turned"] == 12
    assert any("EXIF" in sentence for sentence in report.sentences(Severity.WARNING))


def test_off_by_one_is_asked(cases: Path) -> None:
    report = check_data(open_place(cases / "label_disagrees"), decode=False)
    [sentence] = report.sentences(Severity.ERROR)
    assert "off by one?" in sentence
