from __future__ import annotations

import pytest

from skillbank.errors import ConflictError, UsageError
from skillbank.plan.reader import lexer, normal, pairs
from skillbank.plan.reader.lexicon import lexicon
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.policy import Said, held, take_policy
from skillbank.plan.reader.tokens import Ledger
from skillbank.plan.request import Request, policy_word
from tests.plan.conftest import Compile, MakeSkill

TRAIN_SCHEMA = {"type": "object", "properties": {"train": {"type": "object", "properties": {
    "num_epochs": {"type": "integer", "default": 10}}}}}  # fmt: skip


def said_in(text: str) -> tuple[Said | None, str]:
    """Read the policy of a text; return which of its words have nothing to do with it, too."""
    words = lexicon()
    tokens = normal.translate(lexer.lex(text, lambda _: (), words.is_word), words)
    page = Text(Ledger(text, tokens), words)
    pairs.take_pairs(page)
    take_policy(page)
    said = held(page)
    return said, " ".join(page.ledger.said([i]) for i in range(len(tokens)) if page.ledger.free(i))


@pytest.mark.parametrize(
    "text",
    [
        "train it, turn off AutoML",
        "disable AutoML for this run",
        "train with no HPO",
        "a plain training please",
        "train without hyperparameter tuning",
        "switch off auto-ml",
        "AutoML off",
        "automl is disabled",
        "skip the hyperparameter search",
        "automl_policy: off",
        "automl_policy=false",
        "do not use AutoML",
        "don't use HPO",
        "train, but don't run AutoML",
        "no hyperparameter optimization",
        "turn AutoML off",
        "never enable automl",
        "we don't need hyperparameter optimization",
        "AutoML is not needed",
        "no need to search for hyperparameters",
        "leave out the hyperparameter search",
        "no automl, no hpo, no sweep",
        "a single run, no search",
        "forget about AutoML",
        "spare me the tuning",
        "automl: off",
        "no need for HPO",
        "hyperparameter tuning disabled",
    ],
)
def test_words_for_off(text: str) -> None:
    said, _ = said_in(text)
    assert said is not None
    assert said.value == "off"


@pytest.mark.parametrize(
    "text",
    [
        "train with AutoML",
        "enable HPO",
        "run a hyperparameter search",
        "automl on",
        "automl_policy: on",
        "tune the hyperparameters",
        "optimize its hyperparameters",
        "let AutoML find the best settings",
        "with a hyperparameter sweep",
    ],
)
def test_words_for_on(text: str) -> None:
    said, _ = said_in(text)
    assert said is not None
    assert said.value == "on"


@pytest.mark.parametrize(
    "text",
    [
        "don't turn off AutoML",
        "do not disable AutoML",
        "never switch off HPO",
        "AutoML must not be turned off",
        "I do not want you to switch HPO off",
        "there is no reason to turn off AutoML",
        "automl_policy=auto",
    ],
)
def test_a_negated_off_demands_nothing(text: str) -> None:
    said, _ = said_in(text)
    assert said is not None
    assert said.value == "auto"


@pytest.mark.parametrize(
    "text", ["train it", "evaluate the model on s3://b/automl-off/data", "plain evaluation"]
)
def test_other_words_say_nothing(text: str) -> None:
    assert said_in(text)[0] is None


def test_after_a_correction_the_last_word_counts() -> None:
    said, _ = said_in("use AutoML. No wait, no HPO")
    assert said is not None
    assert said.value == "off"


@pytest.mark.parametrize(
    "text", ["no HPO but use AutoML", "enable AutoML. Disable HPO.", "use HPO, automl off"]
)
def test_both_asked_for_is_a_conflict(text: str) -> None:
    with pytest.raises(ConflictError, match="keep one"):
        said_in(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("train, don't disable AutoML, 5 epochs", "train , don't , 5 epochs"),
        ("train with no HPO on s3://b/automl", "train on s3://b/automl"),
        ("do one plain training", "do one training"),
    ],
)
def test_what_speaks_of_the_policy_is_accounted_for(text: str, left: str) -> None:
    assert said_in(text)[1] == left


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        (False, "off"),
        (True, "on"),
        ("OFF", "off"),
        ("no", "off"),
        ("auto", "auto"),
        (" On ", "on"),
        (0, "off"),
    ],
)
def test_explicit_values_in_any_spelling(said: object, policy: str) -> None:
    assert policy_word(said) == policy
    assert Request.model_validate({"skill": "s", "action": "train", "automl": said}).automl == policy


def test_other_policy_values_are_refused() -> None:
    with pytest.raises(UsageError, match="must be one of auto, on, off"):
        policy_word("maybe")


def test_train_of_an_enabled_skill_goes_to_automl(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(
        info={"automl_enabled": True}, templates={"train": {"train": {}}}, schemas={"train": TRAIN_SCHEMA}
    )
    plan = compiled(skill, "train")
    assert plan.route.name == "automl"
    assert plan.automl_policy.value == "auto"


@pytest.mark.parametrize("automl", ["auto", "on"])
@pytest.mark.parametrize("missing", ["schema", "template"])
def test_unpackaged_train_runs_directly_and_reports_it(
    make_skill: MakeSkill, compiled: Compile, missing: str, automl: str
) -> None:
    skill = make_skill(
        info={"automl_enabled": True},
        templates={} if missing == "template" else {"train": {"train": {}}},
        schemas={} if missing == "schema" else {"train": TRAIN_SCHEMA},
    )
    plan = compiled(skill, "train", automl=automl)
    assert plan.route.name == "direct"
    [warning] = [w for w in plan.warnings if "AutoML is enabled but not runnable" in w]
    assert "until schemas are generated" in warning
    assert "is missing" in warning


def test_a_broken_train_schema_counts_as_missing(make_skill: MakeSkill, compiled: Compile) -> None:
    skill = make_skill(info={"automl_enabled": True}, templates={"train": {"train": {}}})
    (skill.root / "schemas" / "train.schema.json").write_text('{"type": ')
    plan = compiled(skill, "train")
    assert plan.route.name == "direct"
    assert "does not parse" in plan.route.reason


def test_off_and_not_enabled_run_directly(make_skill: MakeSkill, compiled: Compile) -> None:
    packaged = {"templates": {"train": {"train": {}}}, "schemas": {"train": TRAIN_SCHEMA}}
    enabled = make_skill(info={"automl_enabled": True}, **packaged)  # type: ignore[arg-type]
    off = compiled(enabled, "train", automl="off", automl_source="--automl")
    assert off.route.name == "direct"
    assert "--automl" in off.route.reason
    plain = make_skill(info={"automl_enabled": False}, **packaged)  # type: ignore[arg-type]
    assert compiled(plain, "train", automl="on").route.name == "direct"
    assert not compiled(plain, "train", automl="on").warnings


def test_other_actions_are_never_searched(make_skill: MakeSkill, compiled: Compile) -> None:
    actions = {
        name: {"command": f"toy {name} -e {{config_path}}"} for name in ("train", "evaluate", "retrain")
    }
    skill = make_skill(
        info={"automl_enabled": True, "actions": actions},
        templates={"train": {"train": {}}},
        schemas={"train": TRAIN_SCHEMA},
    )
    for action in ("evaluate", "retrain"):
        assert compiled(skill, action, automl="on").route.name == "direct"
