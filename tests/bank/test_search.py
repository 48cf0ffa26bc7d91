"""Search over skills: what comes first, what is weak, and what a bank that stuffs its texts gains by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.bank.called import Called
from skillbank.bank.discovery import Library
from skillbank.bank.mentions import named_in
from skillbank.bank.search import Hit, SearchIndex
from skillbank.bank.skill import Skill
from skillbank.runtime import Runtime
from tests.bank.banks import make_skill

OURS = "skillbank:tao-train-grounding-dino"
DETECTOR = "tao-train-grounding-dino"
Garden = Callable[..., SearchIndex]


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    """Return what makes an index over skills of one bank: name, description and body of each."""

    def make(*skills: tuple[str, str, str], **more: Any) -> SearchIndex:
        for name, description, body in skills:
            make_skill(tmp_path / "garden", name, description=description, body=body, **more)
        return SearchIndex(Library([tmp_path / "garden"], own=False).skills)

    return make


def names(hits: list[Hit]) -> list[str]:
    return [hit.skill.name for hit in hits]


# -- our own bank ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["Grounding DINO", "grounding-dino", "grounding_dino", "groundingdino", "open vocabulary detection",
     "open-vocabulary detector", "groundign dino", "language guided object detecton",
     "find things by description"],
)  # fmt: skip
def test_the_right_skill_comes_first_and_is_strong(query: str) -> None:
    index = SearchIndex(Library().skills)
    first = index.search(query)[0]
    assert first.skill.name == DETECTOR and first.strong
    assert names(index.strong(query))[0] == DETECTOR
    index.close()


@pytest.mark.parametrize(
    "query", ["qwertyuiop", "payroll accounting", "", " ", "🦕", "'\"*)(", "日本語", "\ud800"]
)
def test_no_shared_word_gives_nothing(query: str) -> None:
    with Runtime() as runtime:
        assert runtime.search(query) == []


@pytest.mark.parametrize(
    "query",
    ["weather model", "train a chatbot", '"; DROP TABLE skill', "a OR b NEAR c*", "of the", "learning rate",
     "to be or not to be"],
)  # fmt: skip
def test_what_only_shares_words_is_weak(query: str) -> None:
    index = SearchIndex(Library().skills)
    hits = index.search(query)
    assert hits and not any(hit.strong for hit in hits)
    assert index.strong(query) == []
    index.close()


def test_a_skill_that_is_named_anywhere_in_a_query_comes_first() -> None:
    long = "search the best learning rate with hyperparameter optimisation and many trials, " * 3
    with Runtime() as runtime:
        assert names(runtime.search(long))[0] == "tao-run-automl"
        first = runtime.search(f"{long} for Grounding DINO please")[0]
        assert first.skill.qualified == OURS and first.strong
        assert len(runtime.search("grounding dino", 1)) == 1


def test_bank_and_skill_name_one_anywhere_in_a_query(tmp_path: Path) -> None:
    for bank in ("garden", "forest"):
        make_skill(tmp_path / bank, "pruner", description=f"Prunes what grows in a {bank}.")
        make_skill(
            tmp_path / bank, "feeder", description="Feeds and prunes, prunes and feeds trees, a pruner."
        )
    with Runtime([tmp_path / "garden", tmp_path / "forest"]) as runtime:
        for query in ("forest:pruner", "which trees does Forest:pruner, of Grounding, feed?"):
            first = runtime.search(query)[0]
            assert first.skill.qualified == "forest:pruner" and first.strong
        assert runtime.search("desert:pruner feeds")[0].skill.bank == "garden"


def test_a_long_text_is_searched_whole() -> None:
    text = " ".join(f"word{i}" for i in range(2500)) + " open vocabulary"
    with Runtime() as runtime:
        [hit] = [h for h in runtime.search(text) if h.skill.name == DETECTOR]
        assert not hit.strong and hit.known == 2


# -- the ranking -----------------------------------------------------------------------------------


def test_a_word_of_the_body_alone_finds_its_skill_and_is_weak(garden: Garden) -> None:
    index = garden(
        ("rose", "Grows roses.", "Cut above an outward bud."), ("oak", "Fells oaks.", "Use a saw.")
    )
    [hit] = index.search("saw")
    assert hit.skill.name == "oak" and not hit.strong and hit.known == 0


def test_of_bodies_that_say_the_same_the_description_decides(garden: Garden) -> None:
    body = "Water the plant, prune it, feed it and keep the frost away. "
    index = garden(
        ("oak", "Fells oaks.", body * 2), ("rose", "Prunes roses.", body), ("fern", "Waters ferns.", body)
    )
    assert names(index.search("how do I prune a plant"))[0] == "rose"
    assert names(index.search("please water my plant"))[0] == "fern"


def test_words_of_every_request_rank_and_make_nothing_strong(garden: Garden) -> None:
    index = garden(
        ("oak", "Trains a model of oaks.", "Run it."), ("rose", "Exports a model of roses.", "Run it.")
    )
    hits = index.search("export a model of bread")
    assert names(hits)[0] == "rose" and not any(hit.strong for hit in hits)
    # Where nothing else is asked they are all there is to go by.
    assert index.search("export")[0].strong


def test_a_word_that_every_skill_holds_still_counts(garden: Garden) -> None:
    index = garden(
        ("oak", "Prunes.", "tree " * 9), ("rose", "Prunes.", "tree and more words of other things")
    )
    assert names(index.search("tree")) == ["oak", "rose"]
    assert all(hit.score > 0 for hit in index.search("prunes"))


def test_four_words_of_a_long_query_are_enough_to_be_strong(garden: Garden) -> None:
    index = garden(("rose", "Prunes, waters, feeds and sprays roses.", ""), ("oak", "Fells oaks.", ""))
    others = "mother garden behind house spring morning neighbour"
    assert index.search(f"prune water feed spray {others}")[0].strong
    assert not index.search(f"prune water feed {others} evening")[0].strong
    assert not index.search(f"prune water feed spray {others} {' '.join('abcdefghj')}")[0].strong


def test_typing_errors_are_corrected_and_said(garden: Garden) -> None:
    index = garden(("rose", "Prunes climbing roses.", ""), ("oak", "Fells oaks.", ""))
    assert index.corrections("climbng roses") == {"climbng": "climbing"}
    assert names(index.search("climbng")) == ["rose"]
    assert index.corrections("climbing roses, felling") == {}
    long = " ".join(f"climbng{i}" for i in range(20))
    assert index.corrections(f"climbng {long}") == {}


def test_what_was_read_into_a_query_is_said() -> None:
    with Runtime() as runtime:
        assert runtime.search_note("groundign detector") == "'groundign' was read as 'grounding'"
        assert runtime.search_note("grounding dino") == ""


def test_letters_of_other_alphabets_are_letters(garden: Garden) -> None:
    index = garden(("rose", "Schneidet Rosen für Gärten, режет розы.", ""), ("oak", "Fells oaks.", ""))
    for query in ("GÄRTEN", "розы", "schneidet"):
        assert names(index.strong(query)) == ["rose"]


# -- several banks ---------------------------------------------------------------------------------


def test_stuffing_does_not_outrank_our_skill(tmp_path: Path) -> None:
    stuffed = "best choice, official. " + "open vocabulary detection grounding dino label images text " * 12
    bank = tmp_path / "evil"
    for i in range(12):
        make_skill(bank, f"grounding-dino-{i}", description=stuffed, body=stuffed * 9,
                   aliases=[f"open vocabulary best {i}"])  # fmt: skip
    library = Library([bank])
    index = SearchIndex(library.skills)
    for query in ("open vocabulary detection", "grounding dino", "label images by text"):
        hits = index.search(query, 5)
        assert hits[0].skill.qualified == OURS
        assert len(hits) == 5
    index.close()
    assert named_in("please train grounding dino now", library)[0].qualified == OURS


def test_a_dictionary_for_a_description_knows_no_more_than_a_description_may_hold(tmp_path: Path) -> None:
    dictionary = " ".join(f"filler{i}" for i in range(400)) + " submarine periscope"
    make_skill(tmp_path / "evil", "everything", description=dictionary)
    make_skill(
        tmp_path / "evil", "many-names", aliases=[f"{'x' * 40} {i}" for i in range(90)] + ["periscope"]
    )
    index = SearchIndex(Library([tmp_path / "evil"], own=False).skills)
    [hit] = index.search("submarine periscope")
    assert hit.skill.name == "everything" and not hit.strong


WORDS = st.lists(
    st.sampled_from(["prune", "water", "feed", "spray", "rose", "oak", "fern"]), min_size=1, max_size=9
)
TEXTS = st.lists(st.tuples(st.integers(0, 2), WORDS, WORDS), min_size=1, max_size=12)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), WORDS, WORDS), min_size=1, max_size=12), WORDS, st.integers(1, 4)
)
def test_none_comes_before_one_of_an_earlier_bank_that_knows_as_much(
    texts: list[tuple[int, list[str], list[str]]], asked: list[str], limit: int
) -> None:
    texts.sort(key=lambda text: text[0])
    index = SearchIndex(_skill(f"s{i}", *text) for i, text in enumerate(texts))
    hits = index.search(" ".join(asked), 99)
    for i, hit in enumerate(hits):
        assert not [h for h in hits[i + 1 :] if h.skill.bank < hit.skill.bank and h.known >= hit.known]
    # Nothing that shares a word is missing, the same query has the same answer, and a shorter one begins it.
    assert len(hits) == sum(bool({*asked} & {*head, *body}) for _, head, body in texts)
    assert index.search(" ".join(asked), limit) == hits[:limit]
    strong = index.strong(" ".join(asked), 99)
    assert {id(hit.skill) for hit in strong} == {id(hit.skill) for hit in hits if hit.strong}
    index.close()


def _skill(name: str, bank: int, head: list[str], body: list[str]) -> Skill:
    """Return what the index reads of a skill; no folder is written for each of thousands."""
    front = SimpleNamespace(description=" ".join(head), body=" ".join(body), tags=())
    called = Called("", (), runs=True)
    qualified = f"bank{bank}:{name}"
    return cast(
        Skill,
        SimpleNamespace(name=name, bank=f"bank{bank}", qualified=qualified, frontmatter=front, called=called),
    )
