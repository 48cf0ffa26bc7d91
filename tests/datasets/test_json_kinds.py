"""What a JSON file is taken for by its first bytes, and which documents are lists of classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank.datasets.formats.json_kinds import JsonKind, class_list, json_kind

LINE = '{"file_name": "a.jpg", "detection": {"instances": []}}'
LARGE = f'"more": "{"x" * (1 << 16)}"'
IMAGES, MARKS, NAMES = (
    '"images": [{"id": 1}]',
    '"annotations": [{"image_id": 1}]',
    '"categories": [{"name": "a"}]',
)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (LINE, "odvg"),
        (f"\ufeff \n{LINE}", "odvg"),
        ('{"detection": {"a": 1, "instances": []}, "filename": "a.jpg"}', "odvg"),
        ('{"image": "a", "grounding": {"regions": []}}', "odvg"),
        ('{"image_path": "a", "grounding": {"caption": "two cats"}}', "odvg"),
        ('{"img_path": "a:b\\"{", "grounding": {"caption": ""}}', "odvg"),
        ('{"detection": {"instances": []}}', "other"),
        ('{"file_name": "a.jpg"}', "other"),
        ('{"file_name": "a.jpg", "detection": {"regions": []}}', "other"),
        ('{"file_name": "a.jpg", "grounding": {"instances": []}}', "other"),
        ('{"file_name": "a.jpg", "x": {"instances": []}, "detection": 1}', "other"),
        ('{"file_name": "a.jpg", "detection": {"x": {"instances": []}}}', "other"),
        ('{"x": {"file_name": "a.jpg"}, "detection": {"instances": []}}', "other"),
        ("{}\n" * 19 + LINE, "odvg"),
        ("{}\n" * 20 + LINE, "other"),
        ('{\n"file_name": "a.jpg",\n"detection":\n{"instances": []}}', "odvg-loose"),
        (f"[{LINE}]", "odvg-loose"),
        (f"[\n{LINE}", "odvg-loose"),
        (f"[[{LINE}]]", "other"),
        ('["cat", "dog"]', "classes"),
        ('["cat", "dog.jpg"]', "other"),
        ('["cat", 1]', "other"),
        ("[]", "other"),
        ("{}", "other"),
        ('{"0": "cat"}', "classes"),
        ('{"cat": 1, "dog": 2}', "classes"),
        ('{"a.PNG": 0}', "other"),
        (f'{{"0": "cat", {LARGE.replace("more", "1")}}}', "other"),
        (f'["cat", "{"x" * (1 << 16)}"]', "other"),
        (f'["{"x" * ((1 << 15) - 9)}"]', "classes"),
        ('{"images": [], "annotations": [], "categories": []}', "coco"),
        ('{"images": [], "annotations": [], "categories": {}}', "other"),
        (f"{{{IMAGES}, {MARKS}}}", "coco"),
        ('{"images": [{"file_name": 1}], "annotations": []}', "coco"),
        (f'{{"images": [], {MARKS}}}', "coco"),
        ('{"images": [], "annotations": []}', "other"),
        (f'{{"images": [], {NAMES}}}', "other"),
        ('{"images": [{"a": 1}, {"id": 1}], "annotations": [{"a": {"image_id": 1}}]}', "other"),
        (f'{{"images": [], "x": {IMAGES.partition(": ")[2]}, "annotations": []}}', "other"),
        (f"{{{IMAGES}}}", "other"),
        (f"{{{IMAGES}, {LARGE}}}", "coco"),
        (f"{{{NAMES}, {LARGE}}}", "coco"),
        (f'{{"categories": [{{"title": "a"}}], {LARGE}}}', "other"),
        (f'{{"images": {{"id": 1}}, {LARGE}}}', "other"),
        (f"{{{LARGE}, {IMAGES}}}", "other"),
        ('{"images": [], "annotations": [{"id": 1, "caption": "a cat"}]}', "captions"),
        (f'{{{IMAGES}, "annotations": [{{"image_id": 1, "caption": "a"}}], "categories": []}}', "captions"),
        (f'{{{IMAGES}, "annotations": [{{"image_id": 1}}, {{"caption": "a"}}]}}', "coco"),
        (f'{{"x": {{"annotations": [{{"caption": "a"}}]}}, {IMAGES}, {MARKS}}}', "coco"),
        ("cat\ndog\n", "other"),
        ("", "other"),
    ],
)
def test_what_a_file_is_by_its_first_bytes(tmp_path: Path, content: str, kind: str) -> None:
    for number, encoding in enumerate(("utf-8", "utf-16")):
        (file := tmp_path / f"{number}.json").write_text(content.removeprefix("\ufeff"), encoding)
        assert json_kind(file) == kind
    (tmp_path / "marked.json").write_text(content.removeprefix("\ufeff"), "utf-8-sig")
    assert json_kind(tmp_path / "marked.json") == kind


def test_a_file_without_a_mark_is_told_by_its_empty_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(LINE.encode("utf-16-be"))
    assert json_kind(tmp_path / "a.json") in (JsonKind.ODVG, JsonKind.OTHER)
    (tmp_path / "b.json").write_bytes(b'{"a": "\0", "file_name": "b"}')
    assert json_kind(tmp_path / "b.json") is JsonKind.OTHER
    assert json_kind(tmp_path / "gone.json") is json_kind(tmp_path) is JsonKind.OTHER


@pytest.mark.parametrize(
    ("document", "classes"),
    [
        ({"0": "cat", "7": "dog"}, {0: "cat", 7: "dog"}),
        ({"0": "cat", "seven": "dog"}, None),
        ({"cat": 0, "dog": 7}, {0: "cat", 7: "dog"}),
        ({"cat": 1}, {1: "cat"}),
        ({"cat": 2}, None),
        ({"cat": -1, "dog": 0}, None),
        ({"cat": 0, "dog": 0}, None),
        ({"cat": 0, "dog": "x"}, None),
        ({"cat": 0.5}, None),
        ({}, None),
        (["cat", "dog"], {0: "cat", 1: "dog"}),
        (["cat", 1], None),
        ([], None),
        ("cat", None),
        (None, None),
    ],
)
def test_lists_of_classes(document: object, classes: dict[int, str] | None) -> None:
    assert class_list(document) == classes
    assert class_list(json.loads(json.dumps(document))) == classes
