"""Reading what a person types as a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.errors import DataNotFoundError, UsageError
from skillbank.sources.address import check_name, check_ref, parse_address

WEB = [
    ("https://github.com/o/r", "git", "https://github.com/o/r", None, "", "r"),
    ("https://github.com/o/r.git@v1.2", "git", "https://github.com/o/r.git", "v1.2", "", "r"),
    (
        "https://github.com/o/r@feature/x#skills/a",
        "git",
        "https://github.com/o/r",
        "feature/x",
        "skills/a",
        "r",
    ),
    ("https://host:8443/a/bank-1.tar.gz", "archive", "https://host:8443/a/bank-1.tar.gz", None, "", "bank-1"),
    ("https://host/b.zip#inner", "archive", "https://host/b.zip", None, "inner", "b"),
    ("ssh://git@host:22/o/r.git", "git", "ssh://git@host:22/o/r.git", None, "", "r"),
    ("git@github.com:o/My_Repo.git@main", "git", "git@github.com:o/My_Repo.git", "main", "", "my_repo"),
    ("http://localhost:80/o/r", "git", "http://localhost:80/o/r", None, "", "r"),
    ("https://host/@scope/r", "git", "https://host/@scope/r", None, "", "r"),
    ("https://host/o/skills", "git", "https://host/o/skills", None, "", "o"),
]


@pytest.mark.parametrize(("text", "kind", "location", "ref", "subdir", "name"), WEB)
def test_addresses(text: str, kind: str, location: str, ref: str | None, subdir: str, name: str) -> None:
    found = parse_address(text)
    assert (found.kind, found.location, found.ref, found.subdir) == (kind, location, ref, subdir)
    assert found.default_name == name and found.remote


def test_paths(tmp_path: Path) -> None:
    for name in ("plain", "work/.git", "odd@name#x", "bare.git/objects", "bare.git/refs", "m/.claude-plugin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bare.git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "m" / ".claude-plugin" / "marketplace.json").write_text("{}")
    (tmp_path / "a.tgz").write_text("")

    def read(text: str, **more: str) -> tuple[str, str, str | None, str]:
        found = parse_address(text, **more)  # type: ignore[arg-type]
        return found.kind, Path(found.location).relative_to(tmp_path).as_posix(), found.ref, found.subdir

    assert read(f"{tmp_path}/plain") == ("folder", "plain", None, "")
    assert read(f"{tmp_path}/plain#in/side") == ("folder", "plain", None, "in/side")
    assert read(f"{tmp_path}/work") == ("git", "work", None, "")
    assert read(f"{tmp_path}/work", kind="folder") == ("folder", "work", None, "")
    assert read(f"{tmp_path}/bare.git@v1") == ("git", "bare.git", "v1", "")
    assert read(f"file://{tmp_path}/bare.git@a/b#skills") == ("git", "bare.git", "a/b", "skills")
    assert read(f"{tmp_path}/odd@name#x") == ("folder", "odd@name#x", None, "")
    assert read(f"{tmp_path}/a.tgz") == ("archive", "a.tgz", None, "")
    assert read(f"{tmp_path}/m/.claude-plugin/marketplace.json") == ("folder", "m", None, "")
    with pytest.raises(DataNotFoundError, match="did you mean"):
        parse_address(f"{tmp_path}/plian")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-x", "--upload-pack=touch x", "ext::sh -c touch% x", "ext://x", "fd::17", "git://host/r",
        "http://example.org/r", "https://", "https:///r", "https://-oProxyCommand=x/r", "ssh://-oProxyCommand=x/r",
        "https://host", "https://host/r@-x", "https://host/r@a..b", "https://host/r@a b", "https://host/r@x^{y}",
        "https://host/r#../..", "https://host/r#/etc", "https://host/r\x1b[2J", "https://host/\u202er",
        "https://host/r?token=1", "ssh://host/a.zip@x/y?z", "https://user:pw@host/a.zip", "file://host/x", "s3://b/k",
        "host:-r",
    ],
)  # fmt: skip
def test_what_is_no_source(text: str) -> None:
    with pytest.raises((UsageError, DataNotFoundError)) as caught:
        parse_address(text)
    assert "\x1b" not in str(caught.value) and "pw" not in str(caught.value)


def test_plain_http_needs_a_word() -> None:
    assert parse_address("http://example.org/r", insecure=True).scheme == "http"
    with pytest.raises(UsageError, match="--insecure"):
        parse_address("http://example.org/r")


def test_secrets_are_used_and_never_shown() -> None:
    found = parse_address("https://me:hunter22@host/o/r.git@main")
    assert found.secret == "me:hunter22" and found.location == "https://host/o/r.git"
    assert "hunter22" not in f"{found!r}{found}{found.shown}"
    asked = parse_address("https://host/a.zip?X-Amz-Signature=abc")
    assert asked.query and "abc" not in f"{asked!r}{asked.shown}{asked.location}"


def test_what_is_said_twice() -> None:
    assert parse_address("https://host/o/r", ref="v1", subdir="./a/").subdir == "a"
    for more in ({"ref": "v2"}, {"subdir": "b"}):
        with pytest.raises(UsageError, match="say one of them"):
            parse_address("https://host/o/r@v1#a", **more)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no git repository"):
        parse_address("https://host/a.zip", ref="v1")


@pytest.mark.parametrize("name", ["", "A", "..", ".a", "-a", "a/b", "a-", "skillbank", "a\n", "é", "a" * 65])
def test_names(name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        check_name(name)
    assert check_name("a.b_c-1") == "a.b_c-1"


@pytest.mark.parametrize(
    "ref", ["-x", "a..b", "a b", "@{u}", "a:b", "a~1", "a^", "*", "x.lock", "/a", "a/", "\x07"]
)
def test_refs(ref: str) -> None:
    with pytest.raises(UsageError):
        check_ref(ref)
