"""Folders and archives, by path and by https: what is taken of them and what is not."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from skillbank.bank.contents import digest_of
from skillbank.errors import DataError, DataNotFoundError, PlatformError, UsageError
from skillbank.sources import fetching
from skillbank.sources.address import parse_address
from skillbank.sources.fetching import Fetched, fetch
from skillbank.sources.tree import copy_tree, hash_tree
from skillbank.storage.archive import Limits
from tests.sources.repository import make_tar, make_zip, write_bank, write_skill

TOY = "skills/toy/SKILL.md"


def fetched(text: object, work: Path) -> Fetched:
    return fetch(parse_address(str(text)), work)


def test_a_folder_is_copied_as_plain_files(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    toy = bank / "skills" / "toy"
    os.mkfifo(toy / "pipe")
    (toy / "link.md").symlink_to("/etc/passwd")
    (toy / "inner").symlink_to(tmp_path)
    (toy / "inside.md").symlink_to("SKILL.md")
    (toy / "__pycache__").mkdir()
    (toy / "__pycache__" / "x.pyc").write_bytes(b"x")
    (toy / "run.sh").write_text("#!/bin/sh\n")
    (toy / "run.sh").chmod(0o4755)
    got = fetched(bank, tmp_path / "work")
    assert sorted(got.files) == [TOY, "skills/toy/run.sh"]
    assert len(got.left_out) == 4
    assert (got.folder / "skills/toy/run.sh").stat().st_mode & 0o7777 == 0o755
    assert hash_tree(got.folder) == got.files and got.digest == digest_of(got.files)
    (got.folder / TOY).write_text("other")
    os.mkfifo(got.folder / "pipe")
    assert hash_tree(got.folder).keys() - got.files.keys() == {"pipe (no regular file)"}


def test_a_folder_that_is_too_large_or_holds_the_home(tmp_path: Path, homes: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    with pytest.raises(DataError, match="no bank"):
        copy_tree(bank, tmp_path / "out", Limits(total_bytes=10))
    with pytest.raises(DataError, match="no bank"):
        copy_tree(bank, tmp_path / "out", Limits(members=1))
    assert not (tmp_path / "out").exists()
    homes.mkdir()
    with pytest.raises(UsageError, match="skillbank's own state"):
        fetched(tmp_path, homes / "work")


KINDS = {
    "b.tar": "w:", "b.tar.gz": "w:gz", "b.tgz": "w:gz", "b.tar.bz2": "w:bz2", "b.tar.xz": "w:xz", "b.zip": "",
    "misnamed.tar": "",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("top", ["", "repo-1.2"])
def test_archives_by_path(tmp_path: Path, name: str, top: str) -> None:
    bank = write_bank(tmp_path / "bank")
    file = tmp_path / name
    if KINDS[name]:
        make_tar(file, bank, top, KINDS[name])
    else:
        make_zip(file, bank, top)
    assert list(fetched(file, tmp_path / "work").files) == [TOY]


def test_the_folder_of_one_skill_stays_its_folder(tmp_path: Path) -> None:
    skill = write_skill(tmp_path / "some-skill")
    packed = make_tar(tmp_path / "some-skill.tgz", skill, "some-skill")
    loose = make_zip(tmp_path / "loose.zip", skill)
    for i, source in enumerate((skill, packed, loose, f"{packed}#")):
        assert list(fetched(source, tmp_path / f"work{i}").files) == ["some-skill/SKILL.md"]


def test_a_folder_inside(tmp_path: Path) -> None:
    write_bank(tmp_path / "bank" / "one", "a")
    write_bank(tmp_path / "bank" / "two", "b")
    packed = make_tar(tmp_path / "b.tgz", tmp_path / "bank", "wrapped")
    for i, source in enumerate((tmp_path / "bank", packed)):
        assert list(fetched(f"{source}#two", tmp_path / f"work{i}").files) == ["skills/b/SKILL.md"]
        with pytest.raises(DataNotFoundError, match="there is one, two"):
            fetched(f"{source}#three", tmp_path / f"none{i}")
    (tmp_path / "bank" / "out").symlink_to("/etc")
    with pytest.raises(DataNotFoundError):
        fetched(f"{tmp_path / 'bank'}#out", tmp_path / "none")


def tar_of(file: Path, *members: tarfile.TarInfo | str) -> Path:
    with tarfile.open(file, "w:gz") as tar:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = 5 if info.isreg() else 0
            tar.addfile(info, io.BytesIO(b"12345"))
    return file


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_archives_that_lead_out(tmp_path: Path) -> None:
    for i, name in enumerate(("../evil", "/tmp/skillbank-evil", "a/../../evil", "..\\evil")):
        with pytest.raises(DataError, match="leads out"):
            fetched(tar_of(tmp_path / f"{i}.tgz", name), tmp_path / f"tar{i}")
        with zipfile.ZipFile(tmp_path / f"{i}.zip", "w") as bundle:
            bundle.writestr(name, "x")
        with pytest.raises(DataError, match="leads out"):
            fetched(tmp_path / f"{i}.zip", tmp_path / f"zip{i}")
    assert not (tmp_path / "evil").exists() and not Path("/tmp/skillbank-evil").exists()


def test_links_and_devices_of_archives_are_left_out(tmp_path: Path) -> None:
    odd = [special("skills/toy/l", tarfile.SYMTYPE, "/etc/passwd"), special("skills/h", tarfile.LNKTYPE, TOY)]
    odd += [special("skills/zero", tarfile.CHRTYPE), special("skills/pipe", tarfile.FIFOTYPE)]
    odd += [special("skills/out", tarfile.SYMTYPE, "../../..")]
    got = fetched(tar_of(tmp_path / "a.tgz", TOY, *odd, "skills/out/evil"), tmp_path / "work")
    assert sorted(got.files) == ["skills/out/evil", TOY] and len(got.left_out) == 5
    assert not (tmp_path / "evil").exists()
    link = zipfile.ZipInfo("skills/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as bundle:
        bundle.writestr(TOY, "x")
        bundle.writestr(link, "/etc/passwd")
    got = fetched(tmp_path / "a.zip", tmp_path / "zipped")
    assert list(got.files) == [TOY] and len(got.left_out) == 1


def test_what_is_no_archive(tmp_path: Path) -> None:
    for name, content in (
        ("a.zip", b"PK\3\4nothing"),
        ("b.tgz", b"hello"),
        ("c.tar", b""),
        ("d.txt", b"x" * 2000),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"{name} cannot be unpacked"):
            fetched(tmp_path / name, tmp_path / f"work-{name}")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("zeros", b"\0" * (300 << 20))
    with pytest.raises(DataError, match="out of proportion"):
        fetched(tmp_path / "bomb.zip", tmp_path / "bomb")


def test_archives_by_https(server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, served = server
    bank = write_bank(tmp_path / "bank")
    make_tar(served / "b.tar.gz", bank, "b-1")
    make_zip(served / "b.zip", bank)
    for name in ("b.tar.gz", "b.zip", "b.zip?token=secret99"):
        assert list(fetched(f"{url}/{name}", tmp_path / name).files) == [TOY]
    with pytest.raises(DataNotFoundError, match=r"none\.zip does not exist"):
        fetched(f"{url}/none.zip", tmp_path / "none")
    (served / "no.zip").write_text("<html>")
    with pytest.raises(DataError, match=r"/no\.zip cannot be unpacked") as caught:
        fetched(f"{url}/no.zip?token=secret99", tmp_path / "no")
    assert "secret99" not in str(caught.value) and str(tmp_path) not in str(caught.value)
    with pytest.raises(DataError, match="is no https"):
        fetched(f"{url}/plain-b.zip", tmp_path / "plain")
    monkeypatch.setattr(fetching, "_LARGEST_ARCHIVE", 10)
    with pytest.raises(DataError, match="is larger than"):
        fetched(f"{url}/b.zip", tmp_path / "large")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(PlatformError, match="cannot be reached"):
        fetched(f"{url}/b.zip", tmp_path / "untrusted")
