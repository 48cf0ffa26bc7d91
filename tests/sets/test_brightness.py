"""What is black and white in pictures of more than 8 bits: one scale for all of a set."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from skillbank.datasets.looks import look_at
from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.labelling.set_pictures import gathered, scanned
from skillbank.sets.backup import backup, restore
from skillbank.sets.found import FoundPicture, Widened
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Review
from skillbank.sets.store import SetStore
from tests.grounding_dino.deep_files import Array, png, tiff
from tests.sets.conftest import BARE, EXIT, box, spec
from tests.sets.replaying import check_laws

_RAMP = np.add.outer(np.arange(40), np.arange(60)) / 98.0


def whole(most: int) -> Array:
    made: Array = np.rint(_RAMP * most).astype("u2")
    return made


def real(low: float, high: float) -> Array:
    made: Array = (low + _RAMP * (high - low)).astype("f4")
    return made


def looked(folder: Path, **files: bytes) -> list[FoundPicture]:
    """Write files, and return them as they are found on their way into a set."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, data in files.items():
        ending = "png" if data.startswith(b"\x89PNG") else "tif"
        paths.append(folder / f"{name}.{ending}")
        paths[-1].write_bytes(data)
    [chunk] = scanned(gathered(paths, None), {})
    assert not chunk.left_out
    return list(chunk.found)


def flat() -> bytes:
    from io import BytesIO

    file = BytesIO()
    Image.fromarray((_RAMP * 255).astype("u1")).save(file, "PNG")
    return file.getvalue()


def look_of(labels: LabelSet, name: str) -> tuple[str | None, tuple[float, float] | None]:
    [row] = [each for each in labels.pictures() if Path(each.name).stem == name]
    assert labels.picture(row.number).row == row, "a picture by itself is seen as in a list"
    return row.deep, row.levels


def test_all_pictures_of_a_set_have_one_scale_by_the_kind_of_their_numbers(
    sets: SetStore, tmp_path: Path
) -> None:
    labels = sets.create("scans", [EXIT, BARE], who="ann")
    files = {
        "flat": flat(),
        "dark": png(whole(900)),
        "bright": tiff(whole(3000)),
        "heat": tiff(real(-20.0, 35.5)),
        "heat2": tiff(real(0.0, 120.0)),
        "said": png(whole(900), sbit=b"\x0c"),
        "colour": png(np.stack([whole(n) for n in (700, 800, 900)], -1)),
    }
    added = labels.add_pictures(looked(tmp_path / "in", **files), "ann")
    assert added.widened == ()
    assert labels.scale() == {"whole": (0, 4095), "real": (-20.0, 120.0)}
    assert look_of(labels, "flat") == ("", None)
    assert look_of(labels, "dark") == look_of(labels, "bright") == ("whole", (0, 4095))
    assert look_of(labels, "colour") == ("whole", (0, 4095))
    assert look_of(labels, "heat") == look_of(labels, "heat2") == ("real", (-20.0, 120.0))
    assert look_of(labels, "said") == ("stated", (0, 4095)), "what its file says counts for it alone"
    names = {row.name: row.look for row in labels.pictures()}
    assert names["dark.png"].endswith("-0-4095") and "-" not in names["flat.png"]
    check_laws(labels)


def test_a_picture_that_reaches_further_widens_the_scale_and_decisions_stay(
    sets: SetStore, tmp_path: Path
) -> None:
    labels = sets.create("scans", [EXIT, BARE], who="ann")
    first = looked(tmp_path / "in", a=png(whole(900)), b=png(whole(1000)), c=tiff(real(0, 1)), d=flat())
    done, todo, heat, plain = labels.add_pictures(first, "ann").new
    run = labels.start_run(spec())
    labels.propose(run, {number: [box(1, 10, 0.9)] for number in (done, todo, heat, plain)})
    labels.edit(done, [Review()], who="ann", version=labels.picture(done).version)
    decided = labels.picture(done)
    assert decided.row.levels == (0, 1023) and list(labels.missing(run)) == []

    within = labels.add_pictures(looked(tmp_path / "in", e=png(whole(500))), "ann")
    assert within.widened == ()
    beyond = labels.add_pictures(looked(tmp_path / "in", f=png(whole(60_000))), "ann")
    assert beyond.widened == (Widened((0, 1023), (0, 65535), 1),)
    assert "0 to 65535 now, before 0 to 1023" in beyond.widened[0].sentence

    assert labels.picture(done).boxes == decided.boxes
    assert labels.picture(done).row.levels == (0, 65535)
    missing = [row.number for row in labels.missing(run)]
    assert missing == [todo, *within.new, *beyond.new], "what nobody has reviewed was seen otherwise"
    labels.propose(run, {todo: [box(1, 40, 0.8)]})
    assert [each.x1 for each in labels.picture(todo).boxes] == [40]
    check_laws(labels)


def test_pictures_of_before_are_looked_at_when_their_folder_comes_again(
    sets: SetStore, tmp_path: Path
) -> None:
    labels = sets.create("scans", [EXIT], who="ann")
    path = tmp_path / "a.png"
    path.write_bytes(png(whole(900)))
    look, digest = look_at(path), hashlib.sha256(path.read_bytes()).hexdigest()
    labels.add_pictures([FoundPicture("a.png", str(path), digest, look.width, look.height)], "ann")
    assert look_of(labels, "a") == (None, None)
    known = {row.sha256: row for row in labels.pictures()}
    [chunk] = scanned(gathered([path], None), known)
    assert labels.add_pictures(chunk.found, "ann").new == ()
    assert look_of(labels, "a") == ("whole", (0, 1023))
    check_laws(labels)


def test_a_backup_keeps_the_scale(sets: SetStore, tmp_path: Path) -> None:
    labels = sets.create("scans", [EXIT], who="ann")
    labels.add_pictures(looked(tmp_path / "in", a=png(whole(900)), c=tiff(real(0, 2))), "ann")
    backup(labels, tmp_path / "scans.gz")
    again = restore(sets, tmp_path / "scans.gz", "again")
    assert again.scale() == labels.scale() == {"whole": (0, 1023), "real": (0, 2)}


def test_pictures_that_people_have_asked_about(sets: SetStore) -> None:
    cases = Path(__file__).parents[3] / "shared" / "cases" / "inputs" / "pic_16bit"
    if not cases.is_dir():
        pytest.skip("the collected cases are not beside this repository")
    labels = sets.create("thermal", [EXIT], who="ann")
    for chunk in scanned(gathered([cases], None), {}):
        assert not chunk.left_out
        labels.add_pictures(chunk.found, "ann")
    rows = labels.pictures(limit=1000)
    assert {row.deep for row in rows} <= {"whole", "stated", "real"}
    assert len({row.levels for row in rows if row.deep == "whole"}) == 1


def test_a_store_of_before_gets_what_it_lacks(sets: SetStore, tmp_path: Path) -> None:
    labels = sets.create("scans", [EXIT], who="ann")
    [picture] = looked(tmp_path / "in", a=png(whole(900)))
    labels.add_pictures([replace(picture, depth=None)], "ann")
    with sets.engine.begin() as db:
        db.execute(sa.text("DROP INDEX label_pictures_by_depth"))
        for name in ("deep", "least", "most", "lesson"):
            db.execute(sa.text(f"ALTER TABLE label_pictures DROP COLUMN {name}"))
        db.execute(sa.text("UPDATE store_versions SET version = 9"))
    with JobStore(database_url()) as store:
        again = SetStore(store.engine).open("scans")
        assert look_of(again, "a") == (None, None) and again.scale() == {}
        again.add_pictures([picture], "ann")
        assert look_of(again, "a") == ("whole", (0, 1023))
        names = {each["name"] for each in sa.inspect(store.engine).get_indexes("label_pictures")}
        assert "label_pictures_by_depth" in names
        check_laws(again)
