"""Training annotations: what is read, and each refusal in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank_engine.errors import DataError
from skillbank_engine.families.grounding_dino.config.dataset import TrainSource as Source
from skillbank_engine.families.grounding_dino.data import odvg
from skillbank_engine.families.grounding_dino.data.odvg import read_label_map, read_training_set

GOOD = {
    "file_name": "a.png",
    "width": 40,
    "height": 30,
    "detection": {"instances": [{"bbox": [1, 2, 11, 12], "label": 1}]},
}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (40, 30)).save(folder / "a.png")
    (tmp_path / "map.json").write_text('{"0": "Cat", "1": "red  dog"}', encoding="utf-8")
    write(tmp_path, GOOD)
    return Source(
        image_dir=str(folder), json_file=str(tmp_path / "train.jsonl"), label_map=str(tmp_path / "map.json")
    )


def write(folder: Path, *lines: Any) -> None:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    (folder / "train.jsonl").write_text(text, encoding="utf-8")


def detection(**more: Any) -> dict[str, Any]:
    return {**GOOD, "detection": {"instances": [{"bbox": [1, 2, 11, 12], "label": 1, **more}]}}


def test_detection_lines(source: Source) -> None:
    data = read_training_set([source])
    (record,) = data.records
    assert record.boxes == ((1, 2, 11, 12),)
    assert record.phrases == ("red dog",)
    assert record.absent == data.labels == ("cat", "red dog")


def test_grounding_lines(source: Source, tmp_path: Path) -> None:
    regions = [
        {"bbox": [1, 2, 11, 12], "phrase": "A dog"},
        {"bbox": [[0, 0, 5, 5], [6, 6, 9, 9]], "phrase": "cats"},
    ]
    write(
        tmp_path, {"file_name": "a.png", "grounding": {"caption": "A dog beside cats.", "regions": regions}}
    )
    source.label_map = ""
    data = read_training_set([source])
    assert data.records[0].phrases == ("a dog", "cats", "cats")
    assert data.records[0].absent == ()
    assert (data.records[0].width, data.records[0].height) == (40, 30)
    assert "A dog beside cats." in set(data.texts())


def test_filename_is_read_with_one_note(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: list[str] = []
    monkeypatch.setattr(odvg._LOG, "warning", lambda text, *_values: notes.append(text))
    line = {"filename" if key == "file_name" else key: value for key, value in GOOD.items()}
    write(tmp_path, line, line)
    assert len(read_training_set([source]).records) == 2
    assert [note for note in notes if "says filename where file_name is meant" in note] == notes
    assert len(notes) == 1


def test_a_box_that_sticks_out_a_little_is_cut(source: Source, tmp_path: Path) -> None:
    write(tmp_path, detection(bbox=[-1, 2, 41.5, 12]))
    assert read_training_set([source]).records[0].boxes == ((0, 2, 40, 12),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{oops", r"train.jsonl line 2 is not valid JSON"),
        ([1], r"line 2 must be a JSON object"),
        ({**GOOD, "file_name": "b.png"}, r"line 2 names the picture b.png, which is not in .*images"),
        ({"detection": {"instances": []}}, r"line 2 has no file_name"),
        ({"file_name": "a.png"}, r"line 2 has neither detection nor grounding"),
        ({**GOOD, "detection": []}, r"line 2 needs detection.instances"),
        ({**GOOD, "width": 0, "height": 30}, r"line 2 says that the picture is 0 x 30 pixels: correct width"),
        (detection(label=7), r"line 2 box 0 has label 7, which the label map lacks \(it has 0 to 1\)"),
        (detection(label="dog"), r"label 'dog', which the label map lacks"),
        (detection(bbox=[1, 2, 3]), r"line 2 box 0: bbox must be four numbers"),
        (detection(bbox=[1, 2, "x", 9]), r"bbox must be four numbers"),
        (detection(bbox=[11, 2, 11, 12]), r"line 2 box 0 is empty \(11, 2, 11, 12\)"),
        (detection(bbox=[11, 2, 5, 12]), r"line 2 box 0 is empty"),
        (detection(bbox=[1, 2, 90, 12]), r"lies outside its picture of 40 x 30 pixels"),
        (detection(bbox=[40.5, 2, 41, 12]), r"lies outside its picture of 40 x 30 pixels"),
        ({"file_name": "a.png", "grounding": {"regions": [{"bbox": [1, 1, 2, 2]}]}}, r"box 0 has no phrase"),
        ({"file_name": "a.png", "grounding": {}}, r"line 2 needs grounding.regions"),
    ],
)
def test_refusals_of_lines(source: Source, tmp_path: Path, line: Any, words: str) -> None:
    write(tmp_path, GOOD, line)
    with pytest.raises(DataError, match=words) as caught:
        read_training_set([source])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_a_picture_annotated_as_it_is_stored_and_not_as_it_is_shown(
    source: Source, tmp_path: Path, suffix: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "images" / f"turned.{suffix}", exif=exif)
    line = detection(bbox=[1, 2, 11, 39]) | {"file_name": f"turned.{suffix}"}
    write(tmp_path, line | {"width": 40, "height": 30})
    with pytest.raises(DataError, match=r"40 x 30 pixels \(as it is stored; .* EXIF .* turned, 30 x 40\)"):
        read_training_set([source])
    write(tmp_path, {name: value for name, value in line.items() if name not in ("width", "height")})
    [record] = read_training_set([source]).records
    assert (record.width, record.height) == (30, 40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "cannot be read as JSON"),
        ("[]", "must be like"),
        ('{"1": "cat", "2": "dog"}', r"must count from 0 to 1 without gaps, but its numbers are 1, 2"),
        ('{"a": "cat"}', "has a key that is no number"),
        ('{"0": " "}', "gives number 0 an empty name"),
        ('{"0": "cat", "1": "Cat"}', "names both 0 and 1 'cat'"),
    ],
)
def test_refusals_of_label_maps(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_label_map(path)


def test_refusals_of_sources(source: Source, tmp_path: Path) -> None:
    archive = tmp_path / "images.tar.gz"
    archive.write_bytes(b"")
    cases = [
        ("image_dir", "", "image_dir is empty"),
        ("image_dir", str(tmp_path / "none"), "is no folder: check the path"),
        ("image_dir", str(archive), "names the archive .*images.tar.gz: extract it"),
        ("json_file", str(tmp_path / "none.jsonl"), "is no file: check the path"),
        ("label_map", str(tmp_path / "none.json"), "is no file: check the path"),
        ("label_map", "", "which need a label map: set label_map"),
    ]
    for key, value, words in cases:
        broken = Source(**{**vars(source), key: value})
        with pytest.raises(DataError, match=words):
            read_training_set([broken])
    write(tmp_path, "")
    with pytest.raises(DataError, match="holds no picture"):
        read_training_set([source])


def test_a_picture_that_is_none_is_named(source: Source, tmp_path: Path) -> None:
    (tmp_path / "images" / "a.png").write_bytes(b"not a picture")
    write(tmp_path, {"file_name": "a.png", "detection": {"instances": []}})
    with pytest.raises(DataError, match=r"a\.png is no picture that can be read"):
        read_training_set([source])


def test_files_of_some_editors_and_tables_are_read(source: Source, tmp_path: Path) -> None:
    line = {**detection(label=1.0), "file_name": "images\\a.png", "width": 40.0, "height": 30.0}
    (tmp_path / "train.jsonl").write_text(json.dumps(line) + "\r\n", encoding="utf-8-sig")
    (tmp_path / "map.json").write_text('{"0": "Cat", "1": "red  dog"}', encoding="utf-8-sig")
    (record,) = read_training_set([source]).records
    assert record.phrases == ("red dog",)
    assert (record.width, record.height, record.image.name) == (40, 30, "a.png")


def test_coco_under_the_name_of_odvg_is_told(source: Source, tmp_path: Path) -> None:
    write(tmp_path, {"images": [], "annotations": [], "categories": []})
    with pytest.raises(DataError, match="line 1 holds COCO annotations, and training reads ODVG"):
        read_training_set([source])


def broken(tmp_path: Path) -> None:
    """Write a good line, and five that are at fault in different ways."""
    Image.effect_noise((40, 30), 90).save(tmp_path / "images" / "cut.png")
    cut = tmp_path / "images" / "cut.png"
    cut.write_bytes(cut.read_bytes()[:300])
    several = {"instances": [{"bbox": [1, 2, 1, 12], "label": 1}, {"bbox": [1, 2, 5, 6], "label": 0}]}
    write(
        tmp_path,
        GOOD,
        {**GOOD, "detection": several},
        {**GOOD, "file_name": "gone.png"},
        {**GOOD, "file_name": "cut.png"},
        detection(label=7),
        "{",
    )


def test_every_fault_of_a_file_is_told_at_once(source: Source, tmp_path: Path) -> None:
    broken(tmp_path)
    with pytest.raises(DataError) as caught:
        read_training_set([source])
    for words in ("line 2 box 0 is empty", "line 3 names the picture gone.png", "line 5 box 0 has label 7"):
        assert words in str(caught.value)
    assert "line 6 is not valid JSON" in str(caught.value)
    assert "(4 faults in all; engine.skip_broken=true leaves them out)" in str(caught.value)


def test_broken_lines_are_left_out_with_a_count(
    source: Source, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken(tmp_path)
    data = read_training_set([source], skip_broken=True)
    assert [record.phrases for record in data.records] == [("red dog",), ("cat",)]
    (line,) = (record.getMessage() for record in caplog.records)
    assert "2 boxes and 4 pictures left out, as engine.skip_broken says" in line
    assert "line 5 has no box left" in line, "it would teach that nothing is there"


def test_a_grounding_region_without_a_phrase_is_one_fault_of_several(source: Source, tmp_path: Path) -> None:
    regions = [{"bbox": [1, 1, 5, 5]}, {"bbox": [1, 1, 5, 5], "phrase": "cat"}]
    write(tmp_path, {"file_name": "a.png", "grounding": {"regions": regions}})
    with pytest.raises(DataError, match="line 1 box 0 has no phrase"):
        read_training_set([source])
    (record,) = read_training_set([source], skip_broken=True).records
    assert record.phrases == ("cat",)
