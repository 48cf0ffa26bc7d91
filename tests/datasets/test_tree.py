"""The files of a data set, and which of them an annotation means."""

from pathlib import Path

import pytest

from skillbank.datasets.packing import archive_stem
from skillbank.datasets.tree import Tree, open_tree
from skillbank.errors import DataError, DataNotFoundError
from tests.datasets.reading import picture, text, tree_of


def tree(root: Path, *names: str) -> Tree:
    for name in names:
        text(root / name, b"")
    return open_tree(root)


def test_files_are_listed_by_relative_path(tmp_path: Path) -> None:
    found = tree(tmp_path, "b/x.jpg", "a.PNG", ".DS_Store", "__MACOSX/a.jpg", "b/._x.jpg", "b/notes.txt")
    assert list(found.files) == ["a.PNG", "b/notes.txt", "b/x.jpg"]
    assert found.pictures == ("a.PNG", "b/x.jpg")
    assert found.folders() == ("b",)
    assert list(found.ending(".txt")) == ["b/notes.txt"]
    assert found.picture_folders == ("", "b")


def test_a_link_to_a_file_counts_as_the_file(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "x.jpg", (30, 20))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.jpg").symlink_to(tmp_path / "elsewhere" / "x.jpg")
    assert open_tree(tmp_path / "data").size("x.jpg") == (30, 20)


@pytest.mark.parametrize(
    "said",
    [
        "x.jpg",
        "./x.jpg",
        "images/x.jpg",
        "images\\x.jpg",
        "../images/x.jpg",
        "/home/someone/pets/images/x.jpg",
        "C:\\pets\\images\\x.jpg",
        "pets/x.jpg",
    ],
)
def test_the_only_file_that_can_be_meant(tmp_path: Path, said: str) -> None:
    assert tree(tmp_path, "images/x.jpg", "images/y.jpg").find(said) == "images/x.jpg"


@pytest.mark.parametrize(
    "said",
    [
        "/data/local-files/?d=pets/my%20dog.jpg",
        "https://example.org/pets/my%20dog.jpg?token=1",
        "my%20dog.jpg",
    ],
)
def test_addresses_of_pictures(tmp_path: Path, said: str) -> None:
    assert tree(tmp_path, "images/my dog.jpg").find(said) == "images/my dog.jpg"


def test_a_percent_sign_that_is_meant(tmp_path: Path) -> None:
    assert tree(tmp_path, "50%20.jpg", "50 .jpg").find("50%20.jpg") == "50%20.jpg"


def test_linked_folders_are_passed_through_once(tmp_path: Path) -> None:
    picture(tmp_path / "disk" / "x.jpg")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "round").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(tmp_path / "data")
    assert list(open_tree(tmp_path / "data").files) == ["images/x.jpg"]


def test_of_two_files_none_is_taken(tmp_path: Path) -> None:
    found = tree(tmp_path, "cats/x.jpg", "dogs/x.jpg")
    assert found.find("x.jpg") is None
    assert found.find("/data/dogs/x.jpg") == "dogs/x.jpg"
    assert found.find("/data/birds/x.jpg") is None
    assert found.find("x.jpg", folders=("dogs",)) == "dogs/x.jpg"


def test_beside_the_annotation_file_first(tmp_path: Path) -> None:
    found = tree(tmp_path, "x.jpg", "train/x.jpg", "val/images/x.jpg")
    assert found.find("x.jpg", beside="train/a.json") == "train/x.jpg"
    assert found.find("x.jpg", beside="val/a.json") == "val/images/x.jpg"
    assert found.find("x.jpg", beside="a.json") == "x.jpg"


def test_names_that_only_resemble_are_offered_and_not_taken(tmp_path: Path) -> None:
    found = tree(tmp_path, "images/Größe.JPG", "images/photo.jpeg")
    for said, near in (
        ("größe.jpg", "images/Größe.JPG"),
        ("photo.jpg", "images/photo.jpeg"),
    ):
        assert found.find(said) is None
        assert found.near(said) == near
    assert found.near("other.jpg") is None


def test_nothing_outside_of_the_tree_is_found(tmp_path: Path) -> None:
    text(tmp_path / "secret.jpg", b"")
    found = tree(tmp_path / "data", "x.jpg")
    assert found.find("../secret.jpg") is None
    assert found.find(str(tmp_path / "secret.jpg")) is None


def test_the_tree_of_a_folder(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "images" / "x.jpg", (30, 20))
    whole = open_tree(tmp_path)
    below = whole.below("train")
    assert list(below.files) == ["images/x.jpg"]
    assert below.root == tmp_path / "train"
    assert below.size("images/x.jpg") == (30, 20)
    (tmp_path / "train" / "images" / "x.jpg").unlink()
    assert whole.size("train/images/x.jpg") == (30, 20)  # the head of a file is read once


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (30, 20)), (3, (30, 20)), (6, (20, 30)), (8, (20, 30))]
)
def test_sizes_are_upright(tmp_path: Path, orientation: int, size: tuple[int, int]) -> None:
    picture(tmp_path / "x.jpg", (30, 20), orientation=orientation)
    assert open_tree(tmp_path).size("x.jpg") == size


def test_a_file_that_is_no_picture_has_no_size(tmp_path: Path) -> None:
    text(tmp_path / "x.jpg", "not a picture")
    text(tmp_path / "empty.jpg", b"")
    found = open_tree(tmp_path)
    assert found.size("x.jpg") is None
    assert found.size("empty.jpg") is None


def test_archives_are_unpacked_below_their_name(tmp_path: Path) -> None:
    text(tmp_path / "data" / "images.tar.gz", b"packed")
    text(tmp_path / "unpacked" / "x.jpg", b"")
    assert open_tree(tmp_path / "data").archives == ("images.tar.gz",)
    asked = []

    def unpack(archive: Path) -> Path:
        asked.append(archive.name)
        return tmp_path / "unpacked"

    found = open_tree(tmp_path / "data", unpack)
    assert (list(found.files), found.archives, asked) == (["images/x.jpg"], (), ["images.tar.gz"])
    assert found.path("images/x.jpg") == tmp_path / "unpacked" / "x.jpg"


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.tar.gz", "a"), ("A.TGZ", "A"), ("b.c.zip", "b.c"), ("x.tar", "x"), ("x.gz", None), ("x.jpg", None)],
)
def test_endings_of_archives(name: str, stem: str | None) -> None:
    assert archive_stem(name) == stem


def test_what_is_not_there_or_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="there is no data set at"):
        open_tree(tmp_path / "nowhere")
    text(tmp_path / "file.txt", b"")
    with pytest.raises(DataError, match=r"file\.txt is a file; name the folder"):
        open_tree(tmp_path / "file.txt")


def test_of_pictures_of_a_name_the_one_below_the_annotations_is_meant(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {}, ("x/deep/a.jpg", "y/a.jpg", "x/b.jpg", "x/deep/b.jpg", "z/c.jpg"))
    found = [tree.find(name, beside="x/list.json") for name in ("q/a.jpg", "a.jpg", "q/b.jpg", "c.jpg", "")]
    assert found == ["x/deep/a.jpg", "x/deep/a.jpg", None, "z/c.jpg", None]
    assert tree.find("a.jpg", beside="list.json") is None


def test_archives_below_a_folder_are_those_of_it(tmp_path: Path) -> None:
    tree = Tree(tmp_path, {"x/a.jpg": tmp_path / "x/a.jpg"}, ("b.zip", "x/c.zip", "xy/d.zip"))
    assert tree.below("x").archives == ("c.zip",) and list(tree.below("x").files) == ["a.jpg"]
