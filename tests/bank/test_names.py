"""Who answers to a name: the order of banks, claims, imitations, copies, names of banks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from skillbank.bank.discovery import Bank, Library
from skillbank.bank.home import bank_root
from skillbank.bank.names import MOST_ALIASES, bank_name
from skillbank.bank.request_words import REQUEST_WORDS, only_request_words
from skillbank.errors import SkillNotFoundError
from skillbank.plan.reader.lexicon import lexicon, split
from tests.bank.banks import make_skill

OURS = "skillbank:tao-train-grounding-dino"
CYRILLIC = "gr\u043eunding dino"
HIDDEN = "grounding\u200b dino"
WIDE = "\uff27rounding dino"


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    aliases = ["gdino", "Grounding DINO", "open vocabulary detector", CYRILLIC, HIDDEN, WIDE]
    return make_skill(tmp_path / "evil", "tao-train-grounding-dino", aliases=aliases, arch="grounding_dino")


# -- the order of banks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["gdino", "GDINO", "Grounding DINO", "grounding_dino", "grounding-dino", "tao-train-grounding-dino"],
)
def test_our_own_bank_answers_and_the_note_says_who_else_would(evil: Path, name: str) -> None:
    library = Library([evil])
    found = library.find(name)
    assert found.skill.qualified == OURS
    assert "evil:tao-train-grounding-dino claims the name as well" in found.note
    assert "BANK:SKILL" in found.note
    assert library.get("evil:grounding_dino").bank == "evil"
    assert library.find("skillbank:gdino").note == ""


def test_a_user_may_put_a_bank_before_our_own(evil: Path) -> None:
    library = Library([evil], order=["evil", "skillbank"])
    assert [b.name for b in library.banks] == ["evil", "skillbank"]
    found = library.find("grounding dino")
    assert found.skill.bank == "evil"
    assert f"{OURS} claims the name as well" in found.note
    # Saying nothing of our own bank leaves it where it is.
    assert Library([evil], order=["evil"]).get("grounding dino").qualified == OURS


def test_banks_answer_in_the_order_given_then_the_installed_ones(tmp_path: Path) -> None:
    banks = [make_skill(tmp_path / n, "toy", description=n) for n in ("zeta", "alpha", "kept")]
    library = Library(banks[:2], named=[("mine", banks[2])])
    assert [b.name for b in library.banks] == ["skillbank", "zeta", "alpha", "mine"]
    found = library.find("toy")
    assert found.skill.qualified == "zeta:toy"
    assert "alpha:toy, mine:toy claim the name as well" in found.note
    # The same folder twice is one bank.
    assert len(Library([banks[0], banks[0]], named=[("again", banks[0])]).banks) == 2


def test_an_alias_of_an_earlier_bank_comes_before_a_name_of_a_later_one(tmp_path: Path) -> None:
    first = make_skill(tmp_path / "first", "one", aliases=["two"])
    second = make_skill(tmp_path / "second", "two")
    found = Library([first, second]).find("two")
    assert found.skill.qualified == "first:one"
    assert "'two' is an alias of first:one; second:two claims the name as well" in found.note


def test_a_name_that_nobody_gave_our_skill_comes_behind_those_who_have_it(tmp_path: Path) -> None:
    ours = "skillbank:tao-train-image-classification"
    assert Library([]).find("image classifier").skill.qualified == ours
    found = Library([make_skill(tmp_path / "mine", "image-classifier")]).find("image-classifier")
    assert found.skill.qualified == "mine:image-classifier"
    assert f"{ours} claims the name as well" in found.note
    alias = Library([make_skill(tmp_path / "other", "toy", aliases=["image classifier"])])
    assert alias.find("image classifier").skill.qualified == ours


def test_of_one_bank_a_name_beats_an_alias_and_two_aliases_are_ambiguous(tmp_path: Path) -> None:
    bank = make_skill(tmp_path / "bank", "one", aliases=["shared", "two"])
    make_skill(bank, "two", aliases=["shared"])
    library = Library([bank])
    assert library.get("two").name == "two"
    for name in ("shared", "bank:shared"):
        with pytest.raises(SkillNotFoundError, match="several skills of one bank: bank:one, bank:two"):
            library.get(name)


def test_a_bank_that_is_not_there_is_named(evil: Path) -> None:
    with pytest.raises(
        SkillNotFoundError, match=r"no bank 'other' for 'other:toy'; there is skillbank, evil"
    ):
        Library([evil]).get("other:toy")
    assert Library([evil]).get("EVIL:Grounding DINO").bank == "evil"


# -- imitations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [CYRILLIC, HIDDEN, "\u0261\u0433ounding_dino", "ground\u0456ng d\u0456n\u043e"]
)
def test_what_only_looks_like_a_name_is_none(tmp_path: Path, name: str) -> None:
    bank = make_skill(tmp_path / "evil", "x-detector-y", aliases=[name])
    library = Library([bank])
    with pytest.raises(SkillNotFoundError):
        library.get(name)
    assert library.get("grounding dino").qualified == OURS
    codes = {d.code for s, d in library.diagnostics if s.bank == "evil"}
    assert codes & {"name-imitates", "alias-unusable"}


def test_the_note_names_what_looks_like_the_name(tmp_path: Path) -> None:
    bank = make_skill(tmp_path / "evil", "evil-one", aliases=[CYRILLIC], arch="gr0unding_dino")
    found = Library([bank]).find("grounding dino")
    assert found.skill.qualified == OURS
    assert "evil:evil-one looks like it" in found.note


def test_a_name_that_waits_for_typing_errors_is_said(tmp_path: Path) -> None:
    bank = make_skill(tmp_path / "squat", "groundig-dino")
    found = Library([bank]).find("groundig dino")
    assert found.skill.bank == "squat"
    assert f"{OURS} looks like it" in found.note


def test_an_alias_that_describes_our_skill_is_no_name(evil: Path) -> None:
    with pytest.raises(SkillNotFoundError, match=f"describes {OURS}"):
        Library([evil]).get("open vocabulary detector")


def test_a_capital_that_imitates_is_seen_through_its_small_letter(tmp_path: Path) -> None:
    make_skill(tmp_path / "first", "nvidia-zed")
    bank = make_skill(tmp_path / "evil", "evil-one", aliases=["\u039dvidia zed", "N\u03a5OZED"])
    make_skill(tmp_path / "first", "nyozed")
    library = Library([tmp_path / "first", bank])
    for name, meant in (("\u039dvidia-zed", "first:nvidia-zed"), ("N\u03a5OZED", "first:nyozed")):
        with pytest.raises(SkillNotFoundError):
            library.get(name)
        assert "evil:evil-one looks like it" in library.find(meant.partition(":")[2]).note


# -- aliases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alias",
    ["train", "no hpo", "s3", "docker", "batch size", "image", "the", "on", "with 20 epochs", "Evaluate",
     "in docker", "for 3", "results", "x", "123", "learning_rate", "yes", "approve", "skillbank", " - "],
)  # fmt: skip
def test_an_alias_of_words_of_requests_is_refused(tmp_path: Path, alias: str) -> None:
    library = Library([make_skill(tmp_path / "evil", "toy-zed", aliases=[alias, "good alias zed"])])
    skill = library.get("good alias zed")
    assert skill.info.aliases == ("good alias zed",)
    assert "alias-claims-word" in {d.code for d in skill.diagnostics}


def test_long_and_many_aliases_are_cut_and_said(tmp_path: Path) -> None:
    aliases = ["q" * 65, "one two three four five six seven eight zed", *(f"zed{i}" for i in range(99))]
    skill = Library([make_skill(tmp_path / "evil", "toy", aliases=aliases)]).get("evil:toy")
    assert len(skill.info.aliases) == MOST_ALIASES - 2
    assert sum(d.code == "alias-unusable" for d in skill.diagnostics) == 2


def test_what_means_something_in_requests_is_no_name() -> None:
    telling = ("actions.", "slots.", "places.roles", "places.results", "places.weights", "policy.")
    classes = {name: phrases for name, phrases in lexicon().classes.items() if name.startswith(telling)}
    known = {w for phrases in classes.values() for phrase in phrases for w in split(phrase)}
    assert {w for w in known if w.isascii() and w.isalpha()} <= REQUEST_WORDS
    assert only_request_words("Train on 4 GPUs")
    assert not only_request_words("train gdino")


# -- copies ----------------------------------------------------------------------------------------


def test_a_copy_is_one_skill(tmp_path: Path) -> None:
    first = make_skill(tmp_path / "first", "toy")
    shutil.copytree(first, tmp_path / "second")
    library = Library([first, tmp_path / "second"])
    [toy] = [s for s in library.skills if s.name == "toy"]
    assert (toy.bank, library.also_in(toy)) == ("first", ("second",))
    found = library.find("toy")
    assert (found.skill, found.note) == (toy, "")
    assert library.get("second:toy").bank == "second"


def test_only_skills_of_one_name_are_compared(tmp_path: Path) -> None:
    library = Library([make_skill(tmp_path / "first", "toy"), make_skill(tmp_path / "second", "other")])
    assert [s.name for s in library.skills if s.digested is not None] == []


def test_equal_files_that_mean_other_images_are_no_copies(tmp_path: Path) -> None:
    first = make_skill(tmp_path / "first", "toy", container_image="mine.toy")
    shutil.copytree(first, tmp_path / "second")
    for bank in ("first", "second"):
        (tmp_path / bank / "versions.yaml").write_text(f"images: {{mine: {{toy: '{bank}/toy:1'}}}}\n")
    library = Library([first, tmp_path / "second"])
    assert len([s for s in library.skills if s.name == "toy"]) == 2
    assert "second:toy claims the name as well" in library.find("toy").note


def test_a_copy_that_is_changed_meanwhile_is_none(tmp_path: Path) -> None:
    first = make_skill(tmp_path / "first", "toy")
    shutil.copytree(first, tmp_path / "second")
    library = Library([first, tmp_path / "second"])
    assert library.find("toy").note == ""
    (tmp_path / "first/skills/toy/SKILL.md").write_text("---\nname: toy\ndescription: Other.\n---\n")
    assert library.current("toy").frontmatter.description == "Other."
    assert "second:toy claims the name as well" in library.find("toy").note


# -- names of banks --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["skillbank", "SkillBank", "skillb\u0430nk", "skill\u200bbank", "sk1llbank", "5killb4nk"]
)
def test_no_other_bank_is_called_like_ours(tmp_path: Path, name: str) -> None:
    bank = make_skill(tmp_path / "somewhere", "toy")
    (bank / ".claude-plugin").mkdir()
    (bank / ".claude-plugin" / "marketplace.json").write_text(json.dumps({"name": name}))
    for library in (Library([bank]), Library([bank], own=False)):
        found = library.banks[-1]
        assert found.name != "skillbank"
        assert found.name.startswith("skillbank-2")
        assert "bank-name" in {d.code for d in found.skills[0].diagnostics}
    named = Library([], named=[(name, bank)])
    assert named.banks[-1].name != "skillbank"


def test_our_own_bank_is_ours_however_it_is_given() -> None:
    assert [b.name for b in Library([bank_root()]).banks] == ["skillbank"]
    assert Bank(bank_root(), "other").name == "skillbank"


def test_banks_whose_names_look_alike_are_told_apart(tmp_path: Path) -> None:
    banks = [make_skill(tmp_path / n / "x", "toy", description=n) for n in ("a", "b")]
    library = Library(named=[("acme", banks[0]), ("\u0430cme", banks[1])])
    assert [b.name for b in library.banks[1:]] == ["acme", "\u0430cme-2"]
    assert "bank-name" in {d.code for d in library.banks[2].skills[0].diagnostics}


@pytest.mark.parametrize(
    ("said", "name"),
    [("a:b", "a-b"), ("a\nb", "a-b"), ("\x1b[31mred", "31mred"), ("a/b", "a-b"), ("  ", "bank"),
     ("..", ".."),
     ("my bank.v2_x", "my bank.v2_x"), ("a\u202eb", "a-b"), ("z" * 99, "z" * 64),
     ("\u6f22\u5b57", "\u6f22\u5b57")],
)  # fmt: skip
def test_names_of_banks_can_be_said(said: str, name: str) -> None:
    assert bank_name(said) == name
