from __future__ import annotations

import gzip
import io
import tarfile
import warnings
import zipfile
from pathlib import Path

import pytest

from skillbank.errors import DataError
from skillbank.plan.model import InputBinding
from skillbank.sources.address import parse_address
from skillbank.sources.fetching import fetch
from skillbank.storage.archive import Limits, archive_stem, extract
from skillbank.storage.staging import stage
from skillbank.visible import has_invisible

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


def test_a_zip_with_the_backslashes_of_windows(tmp_path: Path) -> None:
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("images\\", b"")
        bundle.writestr("images\\train\\", b"")
        bundle.writestr("images\\train\\a.png", CONTENT)
    assert unpack(archive) == ["train/a.png"]


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
    members: list[str | zipfile.ZipInfo] = [
        "../evil",
        "/tmp/skillbank-evil",
        "..\\evil",
        link,
        "a\\..\\..\\evil",
    ]
    members += ["C:\\evil", "\\evil"]
    for i, member in enumerate(members):
        folder = tmp_path / str(i)
        folder.mkdir()
        archive = make_zip(folder / "images.zip", member)
        with pytest.raises(DataError, match=r"images\.zip"):
            unpack(archive)
        assert untouched(folder, archive)


# Two things of one name


def pack(path: Path, *members: tuple[str, bytes | None]) -> Path:
    """Pack files, and folders, which have no content, in this order; the names may repeat."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as bundle, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile says it too when a name repeats
            for name, content in members:
                bundle.writestr(f"{name}/" if content is None else name, content or b"")
        return path
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.size = len(content or b"")
            tar.addfile(info, io.BytesIO(content or b""))
    return path


both_kinds = pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])


@both_kinds
@pytest.mark.parametrize(
    "again", ["pictures/a.png", "./pictures/a.png", "pictures//a.png", "pictures/./a.png"]
)
def test_a_member_that_stands_twice_with_other_bytes_is_refused(
    tmp_path: Path, suffix: str, again: str
) -> None:
    archive = pack(tmp_path / f"d{suffix}", ("pictures/a.png", b"one"), ("b", b""), (again, b"onetwo"))
    with pytest.raises(DataError, match=r"holds 'pictures/a\.png' twice with different content") as refused:
        unpack(archive)
    assert one_sentence(refused.value, archive) and list((tmp_path / "out").iterdir()) == []


@both_kinds
def test_the_same_member_twice_is_one(tmp_path: Path, suffix: str) -> None:
    large = bytes(range(256)) * 8192
    archive = pack(
        tmp_path / f"d{suffix}", ("pictures", None), ("pictures/a", large), ("pictures", None),
        ("pictures/a", large), ("pictures/a", large), ("empty", b""), ("empty", b""),
    )  # fmt: skip
    assert unpack(archive) == ["empty", "pictures/a"]
    assert (tmp_path / "out" / "pictures" / "a").read_bytes() == large


@both_kinds
@pytest.mark.parametrize(
    "members",
    [
        [("a", b"file"), ("a", None)],
        [("a", None), ("a", b"file")],
        [("a", b"file"), ("a/b", b"below")],
        [("a", b"file"), ("a/b/c/d", b"below")],
        [("a/b", b"below"), ("a", b"file")],
        [("a", b"file"), ("a/b", None)],
    ],
)
def test_a_file_and_a_folder_of_one_name_are_refused(
    tmp_path: Path, suffix: str, members: list[tuple[str, bytes | None]]
) -> None:
    archive = pack(tmp_path / f"d{suffix}", *members)
    with pytest.raises(DataError, match="holds 'a' as a file and as a folder; rename one") as refused:
        unpack(archive)
    assert one_sentence(refused.value, archive) and list((tmp_path / "out").iterdir()) == []


def test_a_folder_of_a_zip_with_content_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "d.zip", ("a/", b"lost otherwise"), ("b", b""))
    with pytest.raises(DataError, match="'a' is a folder and has content"):
        unpack(archive)


@both_kinds
def test_names_that_are_two_on_this_disk_stay_two(tmp_path: Path, suffix: str) -> None:
    members = [("A.png", b"1"), ("a.png", b"2"), ("caf\u00e9.png", b"3"), ("cafe\u0301.png", b"4")]
    probe = tmp_path / "Probe"
    probe.write_text("")
    archive = pack(tmp_path / f"d{suffix}", *members)
    if (tmp_path / "probe").exists():
        with pytest.raises(DataError, match="which are one name here, with different content"):
            unpack(archive)
    else:
        assert sorted((tmp_path / "out" / name).read_bytes() for name in unpack(archive)) == [
            content for _, content in members
        ]


@both_kinds
def test_a_bank_and_data_are_refused_alike(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    skill = b"---\nname: toy\ndescription: A toy.\n---\n"
    archive = pack(tmp_path / f"d{suffix}", ("toy/SKILL.md", skill), ("toy/SKILL.md", skill + b"# Other\n"))
    with pytest.raises(DataError, match=r"holds 'toy/SKILL\.md' twice"):
        fetch(parse_address(str(archive)), tmp_path / "work")
    with pytest.raises(DataError, match=r"holds 'toy/SKILL\.md' twice"):
        stage(InputBinding(key="x", uri=str(archive), runtime="extracted_folder"), tmp_path / "cache")


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


def pax_record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode("utf-8", "surrogateescape")
    size = len(body) + 1
    while len(str(size)) + len(body) != size:
        size = len(str(size)) + len(body)
    return str(size).encode() + body


def with_header(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A tar of one member with an extended header made by hand."""
    header, member = tarfile.TarInfo("././@PaxHeader"), tarfile.TarInfo("a.png")
    header.type, header.size, member.size = kind, len(records), len(CONTENT)
    padding = b"\0" * (-len(records) % 512)
    return header.tobuf() + records + padding + member.tobuf() + CONTENT.ljust(512, b"\0") + bytes(10240)


def with_field(start: int, field: bytes) -> bytes:
    """A tar of one member with a field of its header made by hand."""
    member = tarfile.TarInfo("a.png")
    member.size = len(CONTENT)
    header = bytearray(member.tobuf())
    header[start : start + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + CONTENT.ljust(512, b"\0") + bytes(10240)


NUMBERS = ["abc", "-1", "9" * 30, "1e400", "nan", "inf", "", "1" * 5000, "0x10", "a" * 5000, "\udcff", "x\0y"]
ODD_TARS = {
    **{
        f"{key}={value[:9]!a}": with_header(pax_record(key, value))
        for key in ("size", "mtime", "uid", "path", "hdrcharset", "GNU.sparse.size", "GNU.sparse.realsize",
                    "GNU.sparse.map", "GNU.sparse.numblocks", "GNU.sparse.offset")
        for value in [*NUMBERS, "/skillbank-evil", "../up", "a/" * 3000]
    },
    "sparse of another kind": with_header(
        pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0")
        + pax_record("GNU.sparse.realsize", "9" * 14)
    ),
    "sparse without pairs": with_header(
        pax_record("GNU.sparse.size", "9" * 14) + pax_record("GNU.sparse.map", "1,2,3")
    ),
    "record of an absurd length": with_header(b"1" * 5000 + b" a=b\n"),
    "record of a negative length": with_header(b"-5 a=b\n"),
    "record beyond the header": with_header(b"99 path=x"),
    "name of 100,000": with_header(b"b" * 100_000, tarfile.GNUTYPE_LONGNAME),
    "negative size": with_field(124, b"\xff" * 12),
    "size of 88 bits": with_field(124, b"\x80" + b"\xff" * 11),
    "time of 88 bits": with_field(136, b"\x80" + b"\xff" * 11),
    "size in letters": with_field(124, b"zzzzzzzzzzz\0"),
    "old sparse": with_field(156, b"S"),
    "no name": with_field(0, bytes(100)),
}  # fmt: skip


def one_sentence(error: DataError, archive: Path) -> bool:
    text = str(error)
    return text.startswith(str(archive)) and len(text) < len(str(archive)) + 320 and not has_invisible(text)


@pytest.mark.parametrize("left_out", [None, []], ids=["refusing links", "leaving links out"])
@pytest.mark.parametrize("odd", ODD_TARS)
def test_odd_headers_end_in_one_sentence(tmp_path: Path, odd: str, left_out: list[str] | None) -> None:
    archive, folder = tmp_path / "images.tar", tmp_path / "out"
    archive.write_bytes(ODD_TARS[odd])
    folder.mkdir()
    try:
        extract(archive, folder, None, left_out)
    except DataError as error:
        assert one_sentence(error, archive)
        assert list(folder.iterdir()) == []
    else:
        # What does not touch the content may be as odd as it likes.
        assert not odd.startswith(("size=", "negative", "size "))
        assert all(file.read_bytes() == CONTENT or "sparse" in odd for file in folder.iterdir())
    assert {p.name for p in tmp_path.iterdir()} == {"images.tar", "out"}


def test_a_member_without_a_sound_header_is_said(tmp_path: Path) -> None:
    """Python's own reader stops there as if that were the end."""
    archive = make_tar(tmp_path / "images.tar", "a.png", "b.png", "c.png", mode="")
    content = bytearray(archive.read_bytes())
    content[1024 + 148] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged at byte 1024"):
        unpack(archive)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_goes_on_behind_the_end_is_a_bomb(tmp_path: Path) -> None:
    archive = tmp_path / "images.tar.gz"
    with gzip.open(archive, "wb", 1) as file:
        for _ in range(40):
            file.write(bytes(1 << 20))
    with pytest.raises(DataError, match="behind its end"):
        unpack(archive)


def patched_zips() -> dict[str, bytes]:
    """A zip of one picture with each byte turned around, and with lies in its fields."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("a.png", CONTENT * 10)
    good = memory.getvalue()
    central, end = good.index(b"PK\1\2"), good.index(b"PK\5\6")

    def patched(*changes: tuple[int, bytes]) -> bytes:
        content = bytearray(good)
        for at, field in changes:
            content[at : at + len(field)] = field
        return bytes(content)

    made = {f"byte {i}": patched((i, bytes([good[i] ^ 0xFF]))) for i in range(len(good))}
    for value in (0, 1, 60, 1 << 31, (1 << 32) - 1):
        for name, at in (("size", central + 24), ("packed", central + 20), ("offset", central + 42)):
            made[f"{name} {value}"] = patched((at, value.to_bytes(4, "little")))
    for method in (1, 9, 97, 65535):
        field = method.to_bytes(2, "little")
        made[f"method {method}"] = patched((8, field), (central + 10, field))
    made["password"] = patched((6, b"\1\0"), (central + 8, b"\1\0"))
    for size, packed in ((1 << 63, 1 << 63), ((1 << 64) - 1, 70), (70, 12)):
        extra = (1).to_bytes(2, "little") + (16).to_bytes(2, "little")
        extra += size.to_bytes(8, "little") + packed.to_bytes(8, "little")
        lie = bytearray(good[: central + 51] + extra + good[central + 51 :])
        lie[central + 30 : central + 32] = len(extra).to_bytes(2, "little")
        lie[central + 20 : central + 28] = b"\xff" * 8
        length = end + len(extra) - central
        lie[end + len(extra) + 12 : end + len(extra) + 16] = length.to_bytes(4, "little")
        made[f"zip64 {size}"] = bytes(lie)
    for name in ("n" * 300, "d/" * 3000 + "x", "a\0b", "/", "a/../b", ".."):
        with zipfile.ZipFile(memory := io.BytesIO(), "w") as bundle:
            bundle.writestr("A" * len(name), CONTENT)
        made[f"name {name[:9]!a}"] = memory.getvalue().replace(b"A" * len(name), name.encode())
    return made


def test_odd_zips_end_in_one_sentence(tmp_path: Path) -> None:
    refused = 0
    for number, (name, content) in enumerate(patched_zips().items()):
        work = tmp_path / str(number)
        folder, archive = work / "out", work / "images.zip"
        folder.mkdir(parents=True)
        archive.write_bytes(content)
        try:
            extract(archive, folder)
        except DataError as error:
            assert one_sentence(error, archive), name
            assert list(folder.iterdir()) == [], name
            refused += 1
        else:
            found = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
            assert set(found) <= {CONTENT, CONTENT * 10}, name
        assert {p.name for p in work.iterdir()} == {"out", "images.zip"}
    assert refused > 80


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
def test_compressed_tars_that_were_cut_or_changed(tmp_path: Path, mode: str) -> None:
    good = make_tar(tmp_path / "good.tar", *(f"{i}.png" for i in range(30)), mode=mode).read_bytes()
    cuts = {f"cut {i}": good[:i] for i in (0, 3, 8, len(good) // 2, len(good) - 5, len(good) - 1)}
    turned = {
        f"byte {i}": good[:i] + bytes([good[i] ^ 0xFF]) + good[i + 1 :] for i in range(0, len(good), 17)
    }
    for number, (name, content) in enumerate((cuts | turned).items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        archive = tmp_path / "images.tar"
        archive.write_bytes(content)
        try:
            extract(archive, folder)
        except DataError as error:
            assert one_sentence(error, archive), name
            assert list(folder.iterdir()) == [], name
        else:
            assert not name.startswith("cut"), name
            assert {file.read_bytes() for file in folder.iterdir()} == {CONTENT}, name


@pytest.mark.parametrize("odd", ["GNU.sparse.map='abc'", "time of 88 bits", "size='abc'"])
def test_odd_archives_of_data_and_of_banks(tmp_path: Path, odd: str) -> None:
    archive = tmp_path / "images.tar"
    archive.write_bytes(ODD_TARS[odd])
    binding = InputBinding(key="images", uri=str(archive), runtime="extracted_folder")
    with pytest.raises(DataError, match=r"images\.tar cannot be unpacked"):
        stage(binding, tmp_path / "cache")
    assert not [p for p in (tmp_path / "cache").iterdir() if p.suffix != ".lock" and p.name != "keys"]
    with pytest.raises(DataError, match=r"images\.tar cannot be unpacked"):
        fetch(parse_address(str(archive)), tmp_path / "work")
    assert list((tmp_path / "work").rglob("*.png")) == []
