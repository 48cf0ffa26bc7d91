"""Models of a label set asked, measured and compared, with the engine and a tiny model."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from skillbank.cli import app
from skillbank.errors import StateError, UsageError
from skillbank.jobs.set_files import lies
from skillbank.labelling.loop.asking import look
from skillbank.labelling.loop.comparison import compare, report
from skillbank.labelling.loop.page import page
from skillbank.labelling.models import find_model
from skillbank.labelling.set_labels import label_set
from skillbank.runtime import Runtime
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, Review
from tests.labelling.models import write_picture, write_tiny

pytestmark = pytest.mark.slow
NAMES = ("<b>exit</b>", "stop")
CLASSES = [ClassSpec(NAMES[0], ("red circle",)), ClassSpec(NAMES[1], ("blue square",))]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two models: the second finds less sure what the first finds."""
    import torch

    folder = tmp_path_factory.mktemp("models")
    first = write_tiny(folder / "first.pth")
    document: dict[str, Any] = torch.load(first, weights_only=False)

    def lowered(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: _less(k, v) if torch.is_tensor(v) else lowered(v) for k, v in node.items()}
        return node

    def _less(key: str, value: Any) -> Any:
        return value - 1.5 if "class_embed" in key and key.endswith("bias") else value

    second = folder / "second.pth"
    torch.save(lowered(document), second)
    assert hashlib.sha256(first.read_bytes()).digest() != hashlib.sha256(second.read_bytes()).digest()
    return first, second


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    with Runtime() as opened:
        yield opened


@pytest.fixture
def signs(runtime: Runtime, models: tuple[Path, Path], tmp_path: Path) -> LabelSet:
    """Ten pictures that the first model has looked at, of which some of each split are reviewed."""
    for n, colour in enumerate(("crimson", "navy", "teal", "gold", "pink") * 2):
        write_picture(tmp_path / "photos" / f"p{n}.png", (120 + n, 80), colour)
    shutil.copy(models[0], tmp_path / "first.pth")
    label_set(runtime, "signs", images=[tmp_path / "photos"], classes=CLASSES, model="first.pth", who="ann")
    made = runtime.sets.open("signs")
    for row in made.pictures():
        if row.split == "val" or row.number % 2:
            made.edit(row.number, [Review()], who="ann", version=made.picture(row.number).version, seconds=3)
    return made


def test_rounds_and_models_on_one_page(
    runtime: Runtime,
    signs: LabelSet,
    models: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stands = signs.summary()
    found = report(runtime, signs)
    document = found.document()
    [first] = document["models"]
    assert first["name"] == "first.pth" and first["runs"] == [1]
    # What was shown was accepted as it was, so of what the model shows nothing is wrong.
    assert first["mAP50"]["value"] > 0.9
    [only] = document["rounds"]
    assert only["reviewed"] == stands.reviewed and only["seconds_a_picture"] == 3
    assert only["actions"] == stands.reviewed and only["boxes"]["accepted"] == stands.boxes["accepted"]
    assert document["validation"]["pictures"] == stands.reviewed_val == 2
    assert any("2 reviewed pictures to validate on are few" in note for note in document["notes"])
    written = page(found, lies)
    assert "&lt;b&gt;exit&lt;/b&gt;" in written and "<b>exit" not in written
    assert "<script" not in written and "http" not in written.replace("http-equiv", "")

    # Another model that has not looked at the pictures is asked; the set is left as it is.
    before = signs.version()
    both = report(runtime, signs, also=[str(models[1])])
    assert [each.name for each in both.models] == ["first.pth", "second.pth"]
    [(one, other, (mean, _))] = both.differences()
    assert (one.name, other.name) == ("first.pth", "second.pth") and mean.value < 0
    assert both.apart and all(len(each.boxes) == 2 for each in both.apart)
    drawn = page(both, lies)
    assert drawn.count("background-image: url(data:image/jpeg") == len(both.apart)
    assert signs.version() == before

    # Where it lay is known, whatever folder the command is given in.
    assert signs.runs()[0].source == str(tmp_path / "first.pth")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert report(runtime, signs).document()["models"] == [first]

    # A model whose file is gone is told, and found by its content wherever it lies.
    (tmp_path / "first.pth").unlink()
    without = report(runtime, signs)
    assert without.models == () and "first.pth' of run 1 is not measured" in without.notes[0]
    shutil.copy(models[1], tmp_path / "first.pth")
    assert f"{tmp_path / 'first.pth'} now is another model" in report(runtime, signs).notes[0]
    again = report(runtime, signs, also=[str(models[0])]).document()["models"]
    assert again == [first]


def test_a_picture_is_asked_about_once(
    runtime: Runtime, signs: LabelSet, models: tuple[Path, Path], tmp_path: Path
) -> None:
    rows, told = signs.pictures(), []
    model = find_model(runtime, str(models[1]))
    first = look(model, rows[:4], signs.classes(), told=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 4) and told[-1] == (4, 4)
    told.clear()
    [kept] = (tmp_path / "home" / "cache").glob("findings-*/answers.jsonl")
    kept.write_bytes(kept.read_bytes()[:-9])  # killed while it was writing
    both = look(model, rows[:6], signs.classes(), told=lambda done, total: told.append((done, total)))
    assert told[0] == (3, 6) and set(both.found) == {row.number for row in rows[:6]}
    # What is asked again comes in another batch, whose numbers differ in the last places.
    kept_ones = [row.number for row in rows[:3]]
    assert [both.found[number] for number in kept_ones] == [first.found[number] for number in kept_ones]
    told.clear()
    again = look(model, rows[:6], signs.classes(), told=lambda done, total: told.append((done, total)))
    assert told == [] and again == both


def test_what_cannot_be_compared_is_told(
    runtime: Runtime, signs: LabelSet, models: tuple[Path, Path]
) -> None:
    with pytest.raises(UsageError, match=r"'first.pth' and '.*first.pth' are one model"):
        compare(runtime, signs, ["first.pth", str(models[0])])
    with pytest.raises(UsageError, match="one model alone cannot be compared"):
        compare(runtime, signs, ["first.pth"])
    for row in signs.pictures():
        if row.split == "val":
            version = signs.picture(row.number).version
            signs.edit(row.number, [Review("todo")], who="ann", version=version)
    with pytest.raises(StateError, match="no picture of the 2 that validate signs is reviewed"):
        compare(runtime, signs, ["first.pth", str(models[1])])
    found = report(runtime, signs)
    assert found.models == () and "nothing can be measured" in found.notes[-1]
    assert "Rounds" in page(found, lies)


def test_the_commands_write_a_page_and_one_document(
    runtime: Runtime, signs: LabelSet, models: tuple[Path, Path], tmp_path: Path
) -> None:
    runner = CliRunner()
    lost = next(row for row in signs.pictures() if row.split == "val")
    Path(lost.place).unlink()
    done = runner.invoke(app, ["compare", "signs", "first.pth", str(models[1]), "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert [each["name"] for each in document["models"]] == ["first.pth", "second.pth"]
    assert document["validation"]["pictures"] == 1 and "rounds" not in document
    assert any(lost.name in note and "is gone" in note for note in document["notes"])
    assert document["written"] == "signs-compared.html"
    done = runner.invoke(app, ["sets", "report", "signs", "-o", "r.html"])
    assert done.exit_code == 0 and "written r.html" in done.stdout and "run 1," in done.stdout
    (tmp_path / "signs-compared.html").write_text("mine")
    done = runner.invoke(app, ["compare", "signs", "first.pth", str(models[1])])
    assert isinstance(done.exception, UsageError) and "no page of this command" in str(done.exception)
