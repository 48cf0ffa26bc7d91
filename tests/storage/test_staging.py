from __future__ import annotations

import multiprocessing
import tarfile
from pathlib import Path
from typing import Any, Literal

import pytest

from skillbank.errors import DataError, DataNotFoundError, UsageError
from skillbank.plan.model import InputBinding
from skillbank.storage.staging import locate, stage
from skillbank.storage.uri import parse_uri

Runtime = Literal["file", "folder", "extracted_folder", "value"]


def binding(uri: Path | str, runtime: Runtime = "file") -> InputBinding:
    return InputBinding(key="dataset.image_dir", uri=str(uri), runtime=runtime)


def make_archive(path: Path, text: str = "x") -> Path:
    source = path.parent / "source.png"
    source.write_text(text)
    with tarfile.open(path, "w:gz") as tar:
        for i in range(20):
            tar.add(source, f"images/{i}.png")
    source.unlink()
    return path


def test_files_and_folders_are_used_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("{}")
    assert stage(binding(file), tmp_path / "cache") == file
    assert stage(binding(f"file://{file}"), tmp_path / "cache") == file
    assert stage(binding(tmp_path, "folder"), tmp_path / "cache") == tmp_path
    assert stage(binding(tmp_path, "extracted_folder"), tmp_path / "cache") == tmp_path
    assert not (tmp_path / "cache").exists()


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    archive, cache = make_archive(tmp_path / "images.tar.gz"), tmp_path / "cache"
    folder = stage(binding(archive, "extracted_folder"), cache)
    assert len(list(folder.iterdir())) == 20
    (folder / "mark").touch()
    assert stage(binding(archive, "extracted_folder"), cache) == folder
    assert (folder / "mark").exists()
    copy = tmp_path / "elsewhere" / "images.tar.gz"
    copy.parent.mkdir()
    copy.write_bytes(archive.read_bytes())
    assert stage(binding(copy, "extracted_folder"), cache) == folder
    make_archive(archive, "other content")
    assert stage(binding(archive, "extracted_folder"), cache) != folder


def _stage(barrier: Any, answers: Any, archive: Path, cache: Path) -> None:
    barrier.wait()
    folder = stage(binding(archive, "extracted_folder"), cache)
    answers.put((folder, len(list(folder.iterdir())), folder.stat().st_ino))


@pytest.mark.slow
def test_processes_that_need_the_same_archive_share_one_copy(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, queue = spawn.Barrier(3), spawn.Queue()
    arguments = (barrier, queue, make_archive(tmp_path / "images.tar.gz"), tmp_path / "cache")
    processes = [spawn.Process(target=_stage, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    answers = {queue.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
        process.close()
    queue.close()
    assert len(answers) == 1 and answers.pop()[1] == 20


def test_what_a_killed_process_left_is_thrown_away(tmp_path: Path) -> None:
    archive, cache = make_archive(tmp_path / "images.tar.gz"), tmp_path / "cache"
    folder = stage(binding(archive, "extracted_folder"), cache)
    half = folder.with_name(f"{folder.name}.tmp")
    half.mkdir()
    folder.rename(half / "unpacked")
    (half / "unpacked" / "0.png").unlink()
    assert stage(binding(archive, "extracted_folder"), cache) == folder
    assert (folder / "0.png").exists() and not half.exists()


def test_a_damaged_archive_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    archive, cache = tmp_path / "images.tar.gz", tmp_path / "cache"
    archive.write_bytes(make_archive(archive).read_bytes()[:-40])
    with pytest.raises(DataError):
        stage(binding(archive, "extracted_folder"), cache)
    assert not [entry for entry in cache.iterdir() if entry.is_dir() and entry.name != "keys"]


def test_a_folder_stands_in_for_its_archive(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    archive = tmp_path / "images.tar.gz"
    assert locate(binding(archive, "extracted_folder")).uri.path == tmp_path / "images"
    make_archive(archive)
    assert locate(binding(archive, "extracted_folder")).uri.path == archive


def test_missing_data_is_named_with_its_purpose_and_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "train.json").touch()
    with pytest.raises(
        DataNotFoundError, match=r"trian\.json, the data for dataset\.image_dir.*holds train\.json"
    ):
        locate(binding(tmp_path / "trian.json"))
    with pytest.raises(DataNotFoundError, match=f"nearest folder that does is {tmp_path}, which holds train"):
        locate(binding(tmp_path / "none" / "deeper" / "a.json"))


def test_data_of_the_wrong_kind(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.touch()
    with pytest.raises(DataError, match="must be a folder"):
        locate(binding(file, "folder"))
    with pytest.raises(DataError, match="neither a folder nor an archive"):
        locate(binding(file, "extracted_folder"))


def test_uris(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert parse_uri("a/b c.json").path == tmp_path / "a/b c.json"
    assert parse_uri("~/x").path == Path("/home/me/x")
    assert parse_uri("file:///a%20b/c").path == parse_uri("file://localhost/a%20b/c").path == Path("/a b/c")
    s3 = parse_uri("s3://my-bucket/a/b/")
    assert (s3.scheme, s3.location, str(s3)) == ("s3", "my-bucket/a/b", "s3://my-bucket/a/b")
    with pytest.raises(ValueError, match="not on this machine"):
        _ = s3.path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a\0b",
        "http://x/y",
        "gs://b/k",
        "file://host/x",
        "file://x",
        "s3://",
        "s3://B/k",
        "s3://bucket/../k",
    ],
)
def test_other_places_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_uri(text)


@pytest.mark.parametrize("text", ["s3:/bucket/x", "S3:bucket/x", "file:/tmp/x", "https:/host/x"])
def test_what_is_almost_an_address_is_no_folder_of_this_machine(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"looks like an address and is none; one begins with .*://"):
        parse_uri(text)
    assert parse_uri(f"{tmp_path}/s3:/x").path == tmp_path / "s3:" / "x"
    assert parse_uri("./s3:/x").scheme == "file"


@pytest.mark.parametrize("end", ["..%2F..%2Fevil", "a%2Fb", "%2E%2E", "a%00b", "%78" * 256])
def test_an_address_gives_no_file_a_name_that_leads_elsewhere(end: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a file here"):
        _ = parse_uri(f"https://host/{end}").name
    assert parse_uri("https://host/a%20b.zip?token=a/..").name == "a b.zip"


@pytest.mark.parametrize("name", ["b", "My-Bucket", "-data", "x" * 64])
def test_what_cannot_be_a_bucket_is_called_so(name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' cannot be a bucket; .* 3 to 63 small letters"):
        parse_uri(f"s3://{name}/train")
    with pytest.raises(UsageError, match="is not of the form s3://bucket/key"):
        parse_uri("s3:///train")
