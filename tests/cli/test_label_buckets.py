"""Pictures that lie in a bucket: labelled into a set, reviewed, exported, planned with; brought once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.datasets.converting import convert
from skillbank.datasets.opening import open_place
from skillbank.errors import DataError, DataNotFoundError
from skillbank.home import cache_dir
from skillbank.jobs.record import JobState
from skillbank.jobs.set_files import with_sets
from skillbank.labelling.buckets import bring
from skillbank.plan.request import DataLocation, Request
from skillbank.sets.content import content_of
from skillbank.sets.model import Add, Operation, Review
from tests.cli.conftest import Command
from tests.labelling.models import write_picture, write_tiny
from tests.s3 import Proxy, faulty

pytestmark = pytest.mark.slow
ROUND, SQUARE = "round = red circle", "square = red square"
NAMES = ("0.png", "1.png", "2.png", "deep/3 ü.png")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        write_picture(tmp_path / "photos" / name, (100 + number, 80))
    return tmp_path / "photos"


@pytest.fixture
def bucket(s3: Any, s3_server: str, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The server behind a proxy that counts, with the pictures in it."""
    for name in NAMES:
        s3.put_object(Bucket="bucket", Key=f"shots/{name}", Body=(photos / name).read_bytes())
    s3.put_object(Bucket="bucket", Key="shots/readme.txt", Body=b"no picture")
    s3.put_object(Bucket="bucket", Key="shots2/4.png", Body=(photos / "0.png").read_bytes())
    with faulty(s3_server, lambda number, what: None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


def brought(proxy: Proxy) -> list[str]:
    """Return what was asked for of pictures."""
    gets = [each.partition("?")[0] for each in proxy.requests if each.startswith("GET ")]
    return sorted(each for each in gets if each.endswith(".png"))


def test_pictures_of_a_bucket_are_labelled_and_stay_there(
    inline: Command, bucket: Proxy, tiny: Path, photos: Path, tmp_path: Path, s3: Any
) -> None:
    words = ["label", "s3://bucket/shots", ROUND, "--checkpoint", str(tiny), "--into", "signs", "--json"]
    first = inline(*words)
    assert first.code == 0, first.err
    assert (first.document["pictures"]["new"], first.document["pictures"]["labelled"]) == (4, 4)
    with Runtime() as runtime:
        signs = runtime.sets.open("signs")
        rows = {row.name: row for row in signs.pictures()}
        assert {name: row.place for name, row in rows.items()} == {
            name: f"s3://bucket/shots/{name}" for name in NAMES
        }
        for name, row in rows.items():
            assert content_of(row) == (photos / name).read_bytes()
            drawn: list[Operation] = [Add(1, (5, 5, 40, 40)), Review()]
            signs.edit(row.number, drawn, who="ann", version=signs.picture(row.number).version)
    assert inline(*words).document["pictures"]["known"] == 4
    more = inline("label", SQUARE, "--checkpoint", str(tiny), "--into", "signs", "--json")
    assert more.code == 0 and more.document["pictures"]["labelled"] == 4, more.err
    out = tmp_path / "out"
    written = inline("sets", "export", "signs", "--to", "coco", "-o", str(out), "--json")
    assert sum(each["pictures"] for each in written.document["splits"].values()) == 4
    files = {path.read_bytes() for path in out.rglob("*.png")}
    assert files == {(photos / name).read_bytes() for name in NAMES}
    assert inline("data", "check", "set:signs", "--json").code == 0
    with Runtime() as runtime:
        request = Request(
            skill="tao-train-grounding-dino",
            action="train",
            data=(DataLocation(source="train_datasets", uri="set:signs"),),
        )
        sources = ["train_datasets", "eval_dataset"]
        found, _ = with_sets(request, sources, lambda: runtime.sets, prompts=True)
        folder = cache_dir() / found.data[0].uri.removeprefix("set://signs/")
        place = next(cache_dir().glob(f"*{folder.name}*-set"))
        assert {path.read_bytes() for path in place.rglob("*.png")} == files
        assert len(brought(bucket)) == len(NAMES), "each is brought once"
        # What is another picture now, or gone, is never shown for the one that was marked.
        s3.put_object(Bucket="bucket", Key="shots/0.png", Body=(photos / "1.png").read_bytes())
        s3.delete_object(Bucket="bucket", Key="shots/2.png")
        with pytest.raises(DataError, match=r"0\.png holds something else now"):
            content_of(rows["0.png"])
        with pytest.raises(DataNotFoundError, match=r"shots/2\.png is gone"):
            content_of(rows["2.png"])


def test_a_data_set_of_a_bucket_is_taken_in_where_it_lies(
    inline: Command, bucket: Proxy, photos: Path, tmp_path: Path, s3: Any
) -> None:
    made = tmp_path / "made"
    marked = tmp_path / "marked"
    _with_labels(photos, marked)
    convert(open_place(marked), "coco", made)
    for path in made.rglob("*"):
        if path.is_file():
            key = f"data/{path.relative_to(made).as_posix()}"
            s3.put_object(Bucket="bucket", Key=key, Body=path.read_bytes())
    found = inline("sets", "import", "s3://bucket/data/", "--into", "theirs", "--json")
    assert found.code == 0, found.err
    assert (found.document["new"], found.document["boxes"]) == (4, 4)
    shutil.rmtree(cache_dir())
    with Runtime() as runtime:
        rows = runtime.sets.open("theirs").pictures()
        assert all(row.place.startswith("s3://bucket/data/images/") for row in rows)
        assert sorted(map(content_of, rows)) == sorted((photos / name).read_bytes() for name in NAMES)
    again = inline("sets", "export", "theirs", "--to", "label-studio", "-o", str(tmp_path / "out"), "--json")
    assert again.code == 0 and open_place(tmp_path / "out").data.classes == ("exit",)


def _with_labels(photos: Path, folder: Path) -> None:
    shutil.copytree(photos, folder)
    for picture in folder.rglob("*.png"):
        name = f"{picture.parent.name}-{picture.stem}"
        picture.with_suffix(".xml").write_text(
            f"<annotation><filename>{picture.name}</filename><folder>{name}</folder><object><name>exit</name>"
            "<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>40</xmax><ymax>40</ymax></bndbox></object></annotation>"
        )


def test_what_cannot_be_taken_from_a_bucket_is_said(
    inline: Command, bucket: Proxy, tiny: Path, photos: Path
) -> None:
    rest = [ROUND, "--checkpoint", str(tiny), "--into", "signs"]
    for place, code, said in (
        ("s3://bucket/nothing", 5, "s3://bucket/nothing is not there"),
        ("s3://bucket/shots/readme.txt", 1, "no picture that can be used"),
        ("s3://nowhere/shots", 5, "no bucket 'nowhere'"),
    ):
        found = inline("label", place, *rest)
        assert found.code == code and said in found.err, found.err
    both = inline("label", str(photos), "s3://bucket/shots", *rest)
    assert both.code == 2 and "label one after the other" in both.err
    plain = inline("label", "s3://bucket/shots", "red circle", "--checkpoint", str(tiny))
    assert plain.code == 2 and "--into NAME" in plain.err


def test_a_job_labels_pictures_of_a_bucket(inline: Command, bucket: Proxy, tiny: Path) -> None:
    words = ["label", "s3://bucket/shots", ROUND, "--checkpoint", str(tiny), "--into", "signs"]
    started = inline(*words, "--detach", "--json")
    assert started.code == 0, started.err
    with Runtime() as runtime:
        record = runtime.jobs.wait(started.document["job"])
        assert record.state is JobState.COMPLETE
    assert inline(*words, "--json").document["pictures"]["known"] == 4


def test_pictures_of_one_name_and_content_are_all_brought(
    inline: Command, bucket: Proxy, tiny: Path, photos: Path, s3: Any
) -> None:
    for name in ("a/x.png", "b/x.png", "b/y%20+.png"):
        s3.put_object(Bucket="bucket", Key=f"same/{name}", Body=(photos / "0.png").read_bytes())
    found = bring(["s3://bucket/same"])
    assert sorted(found.origins.values()) == [
        (name, f"s3://bucket/same/{name}") for name in ("a/x.png", "b/x.png", "b/y%20+.png")
    ]
    assert {path.read_bytes() for path in found.paths} == {(photos / "0.png").read_bytes()}
    done = inline("label", "s3://bucket/same", ROUND, "--checkpoint", str(tiny), "--into", "s", "--json")
    assert done.code == 0, done.err
    pictures = done.document["pictures"]
    assert (pictures["new"], pictures["repeated"]) == (1, 2)
