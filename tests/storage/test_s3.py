"""Staging from a real S3 server, from one that fails, and what is refused."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import signal
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from tests.s3 import every_third, faulty, tree

from skillbank.errors import DataError, DataNotFoundError, PlatformError, SkillbankError, UsageError
from skillbank.plan.model import InputBinding, Selective
from skillbank.storage import download as downloads
from skillbank.storage.progress import Step, Transfer
from skillbank.storage.s3 import client
from skillbank.storage.staging import locate, stage
from skillbank.storage.upload import upload
from skillbank.storage.uri import parse_uri
from skillbank.storage.verification import Expected, composite_etag

Runtime = Literal["file", "folder", "extracted_folder", "value"]
MIB = 1 << 20


def binding(uri: str, runtime: Runtime = "file", **fields: Any) -> InputBinding:
    return InputBinding(key=fields.pop("key", "dataset.image_dir"), uri=uri, runtime=runtime, **fields)


def some_bytes(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"png"))
    return buffer.getvalue()


@pytest.fixture
def put(s3: Any) -> Callable[[str, bytes], None]:
    return lambda key, body: s3.put_object(Bucket="bucket", Key=key, Body=body)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


Put = Callable[[str, bytes], None]


def test_files_folders_and_archives(put: Put, cache: Path) -> None:
    put("d/train.json", b"{}")
    put("d/images.tar.gz", archive("images/a.png", "images/sub/b.png"))
    put("d/pictures/", b"")  # the marker of a folder, as consoles make it
    put("d/pictures/a b.png", b"a")
    put("d/pictures/sub/ü.png", b"b")
    put("d/pictures2/c.png", b"c")
    file = stage(binding("s3://bucket/d/train.json"), cache)
    assert (file.name, file.read_bytes()) == ("train.json", b"{}")
    folder = stage(binding("s3://bucket/d/pictures/", "folder"), cache)
    assert folder.name == "pictures" and tree(folder) == {"a b.png": b"a", "sub/ü.png": b"b"}
    unpacked = stage(binding("s3://bucket/d/images.tar.gz", "extracted_folder"), cache)
    assert tree(unpacked) == {"a.png": b"png", "sub/b.png": b"png"}
    whole = stage(binding("s3://bucket/d/images.tar.gz"), cache)
    assert whole.name == "images.tar.gz" and whole.is_file()
    assert not [path for path in cache.rglob("*") if path.name.endswith((".part", ".ranges", ".tmp"))]


def test_a_folder_stands_in_for_its_archive(put: Put, cache: Path) -> None:
    put("d/images/a.png", b"a")
    found = binding("s3://bucket/d/images.tar.gz", "extracted_folder")
    assert str(locate(found).uri) == "s3://bucket/d/images"
    assert tree(stage(found, cache)) == {"a.png": b"a"}
    put("d/images.tar.gz", archive("b.png"))
    assert tree(stage(found, cache)) == {"b.png": b"png"}


def test_ten_jobs_download_once_and_new_content_again(
    s3_server: str, put: Put, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("d/images/a.png", b"a")
    put("d/images.tar.gz", archive("a.png"))
    put("d/a.json", b"{}")
    wanted = [
        binding("s3://bucket/d/images", "folder"),
        binding("s3://bucket/d/images.tar.gz", "extracted_folder"),
        binding("s3://bucket/d/a.json"),
    ]
    with faulty(s3_server, lambda *_: None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        answers = {tuple(stage(each, cache) for each in wanted) for _ in range(10)}
        gets = [line for line in proxy.requests if line.startswith("GET") and "list-type" not in line]
        assert len(answers) == 1 and len(gets) == 3
        put("d/a.json", b"[]")
        assert stage(wanted[2], cache).read_bytes() == b"[]"


def _stage(queue: Any, uri: str, cache: Path) -> None:
    folder = stage(binding(uri, "folder"), cache)
    queue.put((str(folder), len(tree(folder))))


def test_processes_share_one_download(
    s3_server: str, put: Put, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(30):
        put(f"d/{i}.png", some_bytes(1000, i))
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.Queue()
    with faulty(s3_server, lambda *_: None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        processes = [spawn.Process(target=_stage, args=(queue, "s3://bucket/d", cache)) for _ in range(3)]
        for process in processes:
            process.start()
        answers = {queue.get(timeout=120) for _ in processes}
        for process in processes:
            process.join()
            process.close()
        queue.close()
        gets = [line for line in proxy.requests if line.startswith("GET /bucket/d/")]
    assert len(answers) == 1 and answers.pop()[1] == 30 and len(gets) == 30


def test_a_large_object_comes_in_ranges_and_goes_on_where_it_broke(
    s3: Any, s3_server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "RANGE", MIB)
    content = some_bytes(10 * MIB + 17)
    s3.put_object(Bucket="bucket", Key="big.bin", Body=content)
    wanted = binding("s3://bucket/big.bin")
    monkeypatch.setattr(downloads, "_TRIES", 1)
    with faulty(s3_server, lambda n, what: "cut" if n > 6 and "GET" in what else None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(PlatformError, match=r"big\.bin breaks off"):
            stage(wanted, cache)
    done = [len(path.read_text().splitlines()) for path in cache.rglob("*.ranges")]
    assert done and 1 <= done[0] <= 6
    monkeypatch.setattr(downloads, "_TRIES", 8)
    news: list[Transfer | Step] = []
    with faulty(s3_server, lambda *_: None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        assert stage(wanted, cache, report=news.append).read_bytes() == content
        assert len([line for line in proxy.requests if line.startswith("GET")]) == 11 - done[0]
    assert news[-1] == Transfer("s3://bucket/big.bin", len(content), len(content))
    assert [t.done for t in news] == sorted(t.done for t in news)


def _stage_slowly(uri: str, cache: Path) -> None:
    downloads.RANGE = MIB
    stage(binding(uri), cache)


def test_kill_9_in_the_middle_of_a_download(
    s3: Any, s3_server: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = some_bytes(40 * MIB)
    s3.put_object(Bucket="bucket", Key="big.bin", Body=content)
    spawn = multiprocessing.get_context("spawn")
    with faulty(s3_server, lambda n, _: "slow" if n > 4 else None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        process = spawn.Process(target=_stage_slowly, args=("s3://bucket/big.bin", cache))
        process.start()
        deadline = time.monotonic() + 120
        while not [p for p in cache.rglob("*.ranges") if p.stat().st_size] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        process.close()
    monkeypatch.setattr(downloads, "RANGE", MIB)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    assert list(cache.rglob("*.part")) and not list(cache.rglob("big.bin"))
    assert stage(binding("s3://bucket/big.bin"), cache).read_bytes() == content


@pytest.mark.slow
def test_a_server_that_fails_every_third_request_changes_nothing(
    s3: Any, s3_server: str, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "RANGE", MIB)
    for i in range(40):
        put(f"d/images/{i}.png", some_bytes(20_000 + i, i))
    put("d/images.tar.gz", archive(*(f"images/{i}.png" for i in range(20))))
    (tmp_path / "big").write_bytes(some_bytes(20 * MIB))
    s3.upload_file(str(tmp_path / "big"), "bucket", "d/big.bin")
    wanted = [
        binding("s3://bucket/d/images", "folder"),
        binding("s3://bucket/d/images.tar.gz", "extracted_folder"),
        binding("s3://bucket/d/big.bin"),
    ]
    good = [stage(each, tmp_path / "good") for each in wanted]
    with faulty(s3_server, every_third) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        bad = [stage(each, tmp_path / "bad") for each in wanted]
        assert set(proxy.faults) == {"503", "cut", "drop", "slow"} and min(proxy.faults.values()) >= 3
    for one, other in zip(good, bad, strict=True):
        assert (tree(one) if one.is_dir() else one.read_bytes()) == (
            tree(other) if other.is_dir() else other.read_bytes()
        )
    assert [p.name for p in (tmp_path / "bad").rglob("*") if p.name.endswith((".part", ".tmp"))] == []


def test_a_wrong_checksum_is_never_accepted(
    s3: Any, cache: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket="bucket", Key="a.json", Body=b"{}", Metadata={"sha256": "0" * 64})
    monkeypatch.setattr(downloads, "_TRIES", 2)
    with pytest.raises(PlatformError, match=r"a\.json breaks off"):
        stage(binding("s3://bucket/a.json"), cache)
    monkeypatch.setattr(downloads, "RANGE", 16)
    s3.put_object(Bucket="bucket", Key="big.json", Body=b"x" * 100, Metadata={"sha256": "0" * 64})
    with pytest.raises(PlatformError, match="another checksum"):
        stage(binding("s3://bucket/big.json"), cache)
    assert not list(cache.rglob("*.json"))


def test_the_checksum_of_parts(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(some_bytes(17 * MIB))
    s3.upload_file(str(tmp_path / "big"), "bucket", "big")
    head = s3.head_object(Bucket="bucket", Key="big")
    assert head["ETag"].strip('"') == composite_etag(tmp_path / "big", 8 * MIB)
    assert Expected.of(head, 8 * MIB).fits(tmp_path / "big")
    (tmp_path / "big").write_bytes(some_bytes(17 * MIB, 1))
    assert not Expected.of(head, 8 * MIB).fits(tmp_path / "big")
    assert Expected.of({"ETag": '"x"', "ServerSideEncryption": "aws:kms"}) == Expected()


COCO = {"images": [{"file_name": "a.png"}, {"file_name": "./sub/b.png"}, {"file_name": "c.png"}]}
ODVG = [{"filename": "a.png"}, {"filename": "sub/b.png"}, {"filename": "c.png"}]
MEDIA = [{"video": ["a.png", "sub/b.png"], "id": "x.png"}, {"video": "c.png"}]


@pytest.mark.parametrize(
    ("form", "keys", "document"),
    [
        ("coco", (), json.dumps(COCO)),
        ("odvg", (), "\n".join(map(json.dumps, ODVG))),
        ("json", ("video",), json.dumps(MEDIA)),
        ("json", ("video",), json.dumps({"clips": MEDIA})),
    ],
)
def test_only_the_files_that_the_annotation_names(
    put: Put, cache: Path, form: str, keys: tuple[str, ...], document: str
) -> None:
    for name in ("a.png", "sub/b.png", "deep/c.png", "x.png", "y.png"):
        put(f"d/{name}", name.encode())
    put("ann.json", document.encode())
    rule = Selective(annotation="dataset.ann", format=form, keys=keys)
    media = binding("s3://bucket/d", "folder", selective=rule)
    inputs = (binding("s3://bucket/ann.json", key="dataset.ann"), media)
    assert sorted(tree(stage(media, cache, inputs=inputs))) == ["a.png", "deep/c.png", "sub/b.png"]
    put("ann.json", document.replace("c.png", "none.png").encode())
    with pytest.raises(
        DataNotFoundError, match=r"names 1 files that s3://bucket/d does not have \(none\.png"
    ):
        stage(media, cache, inputs=inputs)
    put("ann.json", b"{]")
    with pytest.raises(DataError, match="cannot be read as"):
        stage(media, cache, inputs=inputs)


@pytest.mark.parametrize("key", ["d/../../evil", "d//x", "d/./x", "d/" + "x" * 300])
def test_keys_that_are_no_paths(put: Put, cache: Path, key: str) -> None:
    put(key, b"x")
    with pytest.raises(DataError, match="no path of a file"):
        stage(binding("s3://bucket/d", "folder"), cache)


@pytest.mark.parametrize("name", ["..%2F..%2Fevil.json", "a%2Fb.json", "%2e%2e", "a%20b+c ü?#&.json"])
def test_a_key_is_taken_as_it_is_written(put: Put, cache: Path, name: str) -> None:
    put(f"d/{name}", b"x")
    file = stage(binding(f"s3://bucket/d/{name}"), cache)
    assert (file.name, file.read_bytes()) == (name, b"x")
    assert [path for path in tree(cache) if not path.endswith(".lock")] == [str(file.relative_to(cache))]


def test_an_archive_with_percents_in_its_name_has_a_folder_beside_it(put: Put, cache: Path) -> None:
    put("d/50%25/a.png", b"a")
    put("d/50%/b.png", b"b")
    assert tree(stage(binding("s3://bucket/d/50%25.tar.gz", "extracted_folder"), cache)) == {"a.png": b"a"}


@pytest.mark.parametrize("name", [".", "x" * 256])
def test_a_key_whose_end_no_file_can_bear_is_refused(put: Put, cache: Path, name: str) -> None:
    put(f"d/{name}", b"x")
    with pytest.raises(UsageError, match="cannot be the name of a file here"):
        stage(binding(f"s3://bucket/d/{name}"), cache)
    assert not cache.exists()


def test_a_file_that_is_also_a_folder(put: Put, cache: Path) -> None:
    put("d/a", b"x")
    put("d/a/b", b"x")
    with pytest.raises(DataError, match="below a file of the same name"):
        stage(binding("s3://bucket/d", "folder"), cache)


def refused(uri: str, runtime: Runtime = "file") -> SkillbankError:
    with pytest.raises(SkillbankError) as caught:
        locate(binding(uri, runtime))
    assert "canary" not in str(caught.value) and "\n" not in str(caught.value)
    return caught.value


def test_each_refusal_is_a_sentence_with_the_way_out(
    s3: Any, put: Put, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put("a.txt", b"x")
    missing = refused("s3://bucket/none.json")
    assert isinstance(missing, DataNotFoundError) and "s3://bucket/none.json, the data for" in str(missing)
    no_bucket = refused("s3://no-such-bucket/a.json")
    assert isinstance(no_bucket, DataNotFoundError) and "no bucket 'no-such-bucket'" in str(no_bucket)
    assert "must be a folder" in str(refused("s3://bucket/a.txt", "folder"))
    assert "neither a folder nor an archive" in str(refused("s3://bucket/a.txt", "extracted_folder"))
    monkeypatch.setenv("SKILLBANK_BUCKETS", "other, third")
    assert isinstance(refused("s3://bucket/a.txt"), UsageError)
    monkeypatch.setenv("SKILLBANK_BUCKETS", "bucket")
    assert locate(binding("s3://bucket/a.txt")).thing is not None
    with monkeypatch.context() as changed:
        changed.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        changed.setenv("AWS_MAX_ATTEMPTS", "1")
        assert "http://127.0.0.1:9 does not answer" in str(refused("s3://bucket/a.txt"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert "set AWS_ACCESS_KEY_ID" in str(refused("s3://bucket/a.txt"))


def test_a_bucket_that_may_not_be_read(s3_server: str, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty(s3_server, lambda *_: "403") as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        assert "may not use s3://bucket/a.txt (403" in str(refused("s3://bucket/a.txt"))


def test_an_object_that_changes_while_it_is_read(
    put: Put, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.json", b"{}")
    found = locate(binding("s3://bucket/a.json"))
    put("a.json", b"[]")
    monkeypatch.setattr("skillbank.storage.staging.locate", lambda _: found)
    with pytest.raises(DataError, match="was changed while it was read"):
        stage(binding("s3://bucket/a.json"), cache)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            "400 ExpiredToken",
            r"does not accept the AWS credentials for s3://bucket/a\.txt \(ExpiredToken\); renew",
        ),
        ("403 InvalidAccessKeyId", r"does not accept the AWS credentials .*\(InvalidAccessKeyId\)"),
        ("403 AccessDenied", r"may not use s3://bucket/a\.txt \(403 AccessDenied\); ask its owner"),
        (
            "403 RequestTimeTooSkewed",
            r"the clock of this machine is 60 minutes behind the server's .*; set it",
        ),
    ],
)
@pytest.mark.parametrize("command", ["HEAD GET", "GET"])
def test_the_reason_of_a_refusal_is_told_though_an_answer_to_head_has_none(
    s3_server: str,
    put: Put,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    said: str,
    command: str,
) -> None:
    put("a.txt", b"x")
    with faulty(s3_server, lambda _, what: fault if what.split()[0] in command.split() else None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(PlatformError, match=said):
            stage(binding("s3://bucket/a.txt"), cache)


def test_keys_that_are_renewed_in_a_file_are_used_by_a_process_that_had_the_old_ones(
    s3_server: str, put: Put, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put("a.txt", b"x")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file, renewed = tmp_path / "credentials", False
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    with faulty(s3_server, lambda *_: None if renewed else "400 ExpiredToken") as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        file.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n")
        old = client()
        with pytest.raises(PlatformError, match="renew them"):
            stage(binding("s3://bucket/a.txt"), cache)
        file.write_text("[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = new\n")
        renewed = True
        assert stage(binding("s3://bucket/a.txt"), cache).read_bytes() == b"x"
        assert client() is not old


@pytest.mark.parametrize(("variable", "attempts"), [(None, 3), ("5", 5), ("", 8)])
def test_how_often_a_request_is_made_is_said_by_the_variable_or_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str | None, attempts: int
) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\nmax_attempts = 3\n" if variable is None else "")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)
    if variable is not None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", variable)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{variable or 'none'}.invalid")
    assert client().meta.config.retries["total_max_attempts"] == attempts


def test_a_storm_of_503_in_the_middle_of_a_download_is_ridden_out(
    s3_server: str, put: Put, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(30):
        put(f"d/{i}.png", some_bytes(100, i))
    began = time.monotonic()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    def storm(_: int, what: str) -> str | None:
        return "503 SlowDown" if what.startswith("GET /bucket/d/") and time.monotonic() - began < 3 else None

    with faulty(s3_server, storm) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        assert len(tree(stage(binding("s3://bucket/d", "folder"), cache))) == 30
        assert proxy.faults["503 SlowDown"] >= 30


def test_a_server_that_keeps_failing_is_told_and_is_not_taken_for_one_that_has_nothing(
    s3_server: str, put: Put, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("d/a.png", b"x")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    monkeypatch.setattr(downloads, "_TRIES", 2)
    heads: list[str] = []

    def storm(_: int, what: str) -> str | None:
        heads.extend([what] if what.startswith("HEAD") else [])
        return "503" if what.startswith("HEAD") else None

    with faulty(s3_server, storm) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(PlatformError, match=r"keeps failing for s3://bucket/d \(503"):
            stage(binding("s3://bucket/d", "folder"), cache)
    assert len(heads) == 2  # as often as AWS_MAX_ATTEMPTS says
    with faulty(s3_server, lambda _, what: "503 SlowDown" if "a.png" in what else None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(PlatformError, match=r"keeps failing for s3://bucket/d/a\.png \(503 SlowDown"):
            stage(binding("s3://bucket/d", "folder"), cache)


def test_parts_of_a_killed_upload_are_thrown_away_and_those_of_others_stay(s3: Any, tmp_path: Path) -> None:
    for key in ("out/a.bin", "out/other-job/a.bin"):
        s3.create_multipart_upload(Bucket="bucket", Key=key)
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    assert upload({"a.bin": file}, parse_uri("s3://bucket/out"), tmp_path / "notes") == ["a.bin"]
    left = s3.list_multipart_uploads(Bucket="bucket").get("Uploads", ())
    assert [each["Key"] for each in left] == ["out/other-job/a.bin"]
