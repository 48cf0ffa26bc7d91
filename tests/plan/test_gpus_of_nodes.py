"""Numbers of GPUs beside numbers of nodes: those of each, those of all, and where nothing says which."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(f"train rtdetr on /a/train, val /a/val, no hpo, {said}", library, index)
    index.close()


@pytest.mark.parametrize(
    "said",
    [
        "4 gpus (2 nodes)",
        "with 4 gpus, 2 nodes",
        "on 2 nodes and 4 gpus",
        "2 nodes (4 gpus)",
        "4 gpus of 2 nodes",
        "4 gpus using 2 nodes",
        "4 gpus, that is 2 nodes",
        "4 gpus - 2 nodes",
    ],
)
def test_gpus_that_may_be_those_of_all_nodes_or_of_each_ask(read: Read, said: str) -> None:
    reading = read(said)
    assert any("gpus" in words for words in reading.unread)
    assert [(r.gpus, r.nodes) for r in reading.requests] == [(None, None)]


@pytest.mark.parametrize(
    ("said", "gpus", "nodes"),
    [
        ("4 gpus in total, 2 nodes", 2, 2),
        ("on 2 nodes, 4 gpus in total", 2, 2),
        ("with 4 gpus, spread over two machines", 2, 2),
        ("with 4 gpus, on 2 nodes", 2, 2),
        ("2 nodes, 4 gpus each", 4, 2),
        ("2 nodes, 4 gpus on each", 4, 2),
        ("2 nodes with 4 gpus", 4, 2),
        ("2 nodes of 4 gpus", 4, 2),
        ("gpus: 4, nodes: 2", 4, 2),
        ("--gpus 4 --nodes 2", 4, 2),
        ("3 nodes, 4 gpus", 4, 3),
        ("1 node, 4 gpus", 4, 1),
        ("2 nodes, 1 gpu", 1, 2),
    ],
)
def test_gpus_of_each_node_and_of_all(read: Read, said: str, gpus: int, nodes: int) -> None:
    reading = read(said)
    assert not reading.not_understood
    assert [(r.gpus, r.nodes) for r in reading.requests] == [(gpus, nodes)]
