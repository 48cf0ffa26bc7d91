from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from skillbank.errors import DataError
from skillbank.storage.archive import Limits, archive_stem, extract

CONTENT = b"picture"


def make_tar(path: Path, *members: str | tarfile.TarInfo, mode: str = "gz") -> Path:
    with tarfile.open(path, f"w:{mode}") as tar:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, str):
                info = tarfile.TarInfo(member)
                info.size = len(CONTENT)
                tar.addfile(info, io.BytesIO(CONTENT))
            else:
                tar.addfile(member, io.BytesIO(b"\0" * member.size))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def make_zip(path: Path, *members: str | zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for member in members:
            bundle.writestr(member, CONTENT)
    return path


def unpack(archive: Path, limits: Limits | None = None) -> list[str]:
    folder = archive.parent / "out"
    folder.mkdir()
    extract(archive, folder, limits)
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def untouched(folder: Path, archive: Path) -> bool:
    """Nothing appeared outside the folder that was unpacked into."""
    return {p.name for p in folder.iterdir()} <= {archive.name, "out"}


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar", ".zip"])
@pytest.mark.parametrize("top", ["", "./", "images/", "./images/"])
def test_one_matching_top_folder_is_stripped(tmp_path: Path, suffix: str, top: str) -> None:
    archive, names = tmp_path / f"images{suffix}", (f"{top}a.png", f"{top}sub/b.png")
    if suffix == ".zip":
        make_zip(archive, *names)
    else:
        make_tar(archive, *names, mode="" if suffix == ".tar" else "gz")
    assert unpack(archive) == ["a.png", "sub/b.png"]
    assert (tmp_path / "out" / "a.png").read_bytes() == CONTENT


def test_another_top_folder_stays_and_a_nested_one_of_the_same_name_too(tmp_path: Path) -> None:
    assert unpack(make_tar(tmp_path / "images.tar.gz", "train/a.png")) == ["train/a.png"]
    (tmp_path / "more").mkdir()
    names = ("images/images/a.png", "images/b.png", "__MACOSX/x", ".DS_Store")
    assert unpack(make_zip(tmp_path / "more" / "images.zip", *names)) == [
        ".DS_Store",
        "b.png",
        "images/a.png",
    ]


def test_compression_is_told_by_content(tmp_path: Path) -> None:
    assert unpack(make_tar(tmp_path / "images.tar", "a.png", mode="xz")) == ["a.png"]


ATTACKS: dict[str, list[str | tarfile.TarInfo]] = {
    "dotdot": ["../evil"],
    "deep dotdot": ["a/../../evil"],
    "absolute": ["/tmp/skillbank-evil"],
    "backslash": ["..\\evil"],
    "symlink": [special("link", tarfile.SYMTYPE, "/etc/passwd")],
    "symlink inside": ["a", special("link", tarfile.SYMTYPE, "a")],
    "through a symlink": [special("d", tarfile.SYMTYPE, ".."), "d/evil"],
    "hard link": [special("link", tarfile.LNKTYPE, "../images.tar.gz")],
    "device": [special("zero", tarfile.CHRTYPE)],
    "pipe": [special("pipe", tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_tar_attacks(tmp_path: Path, attack: str) -> None:
    archive = make_tar(tmp_path / "images.tar.gz", *ATTACKS[attack])
    with pytest.raises(DataError, match=r"images\.tar\.gz"):
        unpack(archive)
    assert untouched(tmp_path, archive) and not Path("/tmp/skillbank-evil").exists()


def test_zip_attacks(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    members: list[str | zipfile.ZipInfo] = ["../evil", "/tmp/skillbank-evil", "..\\evil", link]
    for i, member in enumerate(members):
        folder = tmp_path / str(i)
        folder.mkdir()
        archive = make_zip(folder / "images.zip", member)
        with pytest.raises(DataError, match=r"images\.zip"):
            unpack(archive)
        assert untouched(folder, archive)


SMALL = Limits(members=10, ratio=20, free_bytes=1 << 16)


def test_bombs(tmp_path: Path) -> None:
    zeros = tarfile.TarInfo("zeros")
    zeros.size = 8 << 20
    with pytest.raises(DataError, match="out of proportion"):
        unpack(make_tar(tmp_path / "a.tar.gz", zeros), SMALL)
    (tmp_path / "out").rmdir()
    with pytest.raises(DataError, match="10 files"):
        unpack(make_tar(tmp_path / "b.tar.gz", *(f"{i}" for i in range(11))), SMALL)


def test_a_zip_bomb(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("zeros", b"\0" * (8 << 20))
    with pytest.raises(DataError, match="out of proportion"):
        unpack(archive, SMALL)


def test_a_header_made_to_fill_the_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    archive = tmp_path / "a.tar.gz"
    with gzip.open(archive, "wb") as file:
        file.write(header.tobuf())
        file.write(b"\0" * 10240)
    with pytest.raises(DataError, match="absurd"):
        unpack(archive)


@pytest.mark.parametrize("cut", [0, 5, 100, -5])
@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_damaged_archives(tmp_path: Path, cut: int, suffix: str) -> None:
    archive = tmp_path / f"images{suffix}"
    if suffix == ".zip":
        make_zip(archive, *(f"{i}.png" for i in range(50)))
    else:
        make_tar(archive, *(f"{i}.png" for i in range(50)))
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(DataError, match="make or copy it again"):
        unpack(archive)


def test_a_tar_cut_between_two_members(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", "a", "b", mode="")
    archive.write_bytes(archive.read_bytes()[:1024])
    with pytest.raises(DataError, match="ends too early"):
        unpack(archive)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("images.tar.gz", "images"),
        ("A.TGZ", "A"),
        ("a.b.zip", "a.b"),
        ("a.gz", None),
        (".zip", None),
        ("a", None),
    ],
)
def test_stems(name: str, stem: str | None) -> None:
    assert archive_stem(name) == stem
