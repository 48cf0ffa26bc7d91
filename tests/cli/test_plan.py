"""Planning from the command line: documents, exit codes, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank import Plan
from tests.bank.banks import make_skill
from tests.cli.conftest import Command

REQUEST = "train Grounding DINO on s3://bucket/train, no HPO"


def test_plan_json_is_the_plan(inline: Command) -> None:
    answer = inline("plan", REQUEST, "--data", "eval=s3://bucket/eval", "--json")
    assert answer.code == 0
    plan = Plan.from_document(answer.document)
    assert plan.skill.name == "tao-train-grounding-dino"
    assert (plan.route.name, plan.automl_policy.value) == ("direct", "off")
    assert plan.spec["dataset"]["train_data_sources"] == [
        {
            "image_dir": "s3://bucket/train/images.tar.gz",
            "json_file": "s3://bucket/train/annotations_odvg.jsonl",
            "label_map": "s3://bucket/train/annotations_odvg_labelmap.json",
        }
    ]
    assert plan.spec["dataset"]["val_data_sources"]["json_file"] == "s3://bucket/eval/annotations.json"


def test_words_and_options_give_the_same_plan(inline: Command) -> None:
    words = inline("plan", f"{REQUEST}, 20 epochs", "--json").document
    options = inline(
        "plan", "--skill", "grounding_dino", "--action", "train", "--data", "train=s3://bucket/train",
        "--epochs", "20", "--automl", "off", "--json",
    ).document  # fmt: skip
    assert words["spec"] == options["spec"]
    assert words["overrides"] == options["overrides"]


def test_a_chain_is_planned_before_its_first_job_has_run(inline: Command) -> None:
    answer = inline(
        "plan", "--skill", "grounding_dino", "--action", "train", "--action", "evaluate", "--automl", "off",
        "--data", "train=s3://b/t", "--data", "eval=s3://b/e", "--json",
    )  # fmt: skip
    train, evaluate = answer.document["plans"]
    assert answer.code == 0
    assert evaluate["parents"][0]["plan"] == train["plan_id"]
    assert evaluate["spec"]["evaluate"]["checkpoint"] == "{parent_model}"


def test_the_view_says_what_why_where_and_with_which_data(inline: Command) -> None:
    out = inline("plan", REQUEST).out
    for words in ("train · tao-train-grounding-dino", "direct: automl_policy is off (the words 'no HPO')",
                  "where    local", "s3://bucket/train/images.tar.gz", "extracted folder"):  # fmt: skip
        assert words in out


def test_explain_tells_where_every_changed_value_comes_from(inline: Command) -> None:
    out = inline("plan", REQUEST, "--set", "train.optim.lr=1e-3", "--explain").out
    assert "user: set by the user" in out
    assert "dataset_table: SKILL.md:" in out
    assert "inference: output_dir" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["plan", REQUEST, "--set", "train.optm.lr=1"], 2, "(did you mean 'train.optim.lr'?)"),
        (["plan", REQUEST, "--set", "train.optim.lr=-1"], 2, "train.optim.lr is -1, but it must be above 0"),
        (["plan", REQUEST, "--set", "train.num_epochs=many"], 2, "train.num_epochs must be a whole number"),
        (["plan", REQUEST, "--set", "nonsense"], 2, "KEY=VALUE"),
        (["plan", REQUEST, "--data", "s3://b"], 2, "ROLE=URI"),
        (["plan", REQUEST, "--automl", "perhaps"], 2, "must be one of auto, on, off"),
        (["plan", "--skill", "grounding_dino", "--action", "fly"], 5, "has no action 'fly'; it has"),
        (["plan", "--skill", "grunding_dino", "--action", "train"], 5, "There is no skill 'grunding_dino'"),
        (["team", "quota", "set", "planet", "x"], 2, "KIND: 'planet' is not one of 'user', 'project'"),
        (["plan", "bake a cake"], 2, "'bake a cake' asks for no run"),
        (["plan", "train a chatbot on s3://b/t"], 5, "No skill fits"),
        (["plan", ""], 2, "The request is empty"),
        (["plan"], 2, "Say what you want"),
        (["plan", "evaluate Grounding DINO on s3://b/e", "--parent", "nope"], 5, "nope"),
        (["show", "grounding-dino", "trane"], 5, "did you mean 'train'?"),
    ],
)  # fmt: skip
def test_each_mistake_gets_one_sentence(inline: Command, arguments: list[str], code: int, words: str) -> None:
    answer = inline(*arguments)
    assert answer.code == code
    assert words in answer.err
    assert answer.err.startswith("skillbank: ") and answer.err.count("\n") == 1
    assert answer.out == "" and not answer.err.endswith("..\n")


def test_errors_are_documents_under_json(inline: Command) -> None:
    answer = inline("plan", "bake a cake", "--json")
    assert answer.code == 2
    assert answer.document["error"]["code"] == "out_of_scope"


def test_what_is_missing_is_a_question_and_exit_code_3(inline: Command) -> None:
    answer = inline("plan", "evaluate Grounding DINO", "--json")
    assert answer.code == 3
    assert {q["key"] for q in answer.document["questions"]} == {"parent", "data.eval"}


def test_planning_writes_nothing_but_the_plan(inline: Command, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    inline("plan", REQUEST)
    written = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert {name for name in written if not name.endswith(".json")} == {"home", "plans"}
    [plan] = [name for name in written if name.endswith(".json")]
    assert plan.removesuffix(".json") == inline("plan", REQUEST, "--json").document["plan_id"]


def test_what_plan_shows_can_be_approved_and_is_then_run_without_a_question(
    inline: Command, data: Path
) -> None:
    words = ["train the toy detector on", str(data)]
    shown = inline("plan", " ".join(words), "--json").document["plan_id"]
    assert inline("run", " ".join(words)).code == 4
    approved = inline("approve", "--yes", shown[:12], "--json")
    assert approved.code == 0 and approved.document["approved"] == shown
    assert inline("run", " ".join(words), "--json").document["plan_id"] == shown


def test_a_plan_that_cannot_be_kept_is_shown_and_that_is_said(
    inline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_DATABASE_URL", "nonsense://x")
    answer = inline("plan", REQUEST, "--json")
    assert answer.code == 0 and answer.document["plan_id"]
    assert "is not kept" in answer.err and "SKILLBANK_DATABASE_URL" in answer.err


@pytest.mark.parametrize(
    ("name", "near"),
    [("pbs", ""), ("Docker", "docker"), ("k8s", "kubernetes"), ("slrum", "slurm")],
)
def test_a_platform_that_there_is_not_is_refused(inline: Command, name: str, near: str) -> None:
    answer = inline("plan", REQUEST, "--platform", name)
    assert answer.code == 2 and f"there is no platform '{name}'" in answer.err
    assert "there are: docker, kubernetes, local, slurm" in answer.err
    assert (f"did you mean '{near}'?" in answer.err) == bool(near)


@pytest.mark.parametrize("words", ["on pbs", "with platform pbs", "submit it to the PBS queue"])
def test_a_platform_in_words_that_there_is_not_is_asked(inline: Command, words: str) -> None:
    answer = inline("plan", f"{REQUEST}, {words}")
    assert answer.code == 3 and "pbs" in answer.out.partition("question: ")[2].lower()


def test_a_platform_of_the_environment_that_there_is_not_is_refused(
    inline: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_PLATFORM", "pbs")
    answer = inline("plan", REQUEST)
    assert answer.code == 2 and "which SKILLBANK_PLATFORM names" in answer.err
    assert "there is no platform" not in inline("plan", REQUEST, "--platform", "docker").err


def test_skills_lists_every_bank(inline: Command) -> None:
    listed = inline("skills", "--json").document
    names = {s["name"]: s for s in listed["skills"]}
    assert {"tao-train-grounding-dino", "tao-run-automl", "toy-detector"} <= names.keys()
    assert {"name": "gen_trt_engine", "variant": "deploy"} in names["tao-train-grounding-dino"]["actions"]
    assert not [d for d in listed["diagnostics"] if d["severity"] == "error"]


def test_search_is_honest_when_nothing_fits(inline: Command) -> None:
    first = inline("skills", "open vocabulary detection", "--json").document["skills"][0]
    assert first["name"] == "tao-train-grounding-dino" and first["weak"] is False
    assert inline("skills", "payroll accounting", "--json").document["skills"] == []
    assert "No skill fits 'payroll accounting'" in inline("skills", "payroll accounting").out


def test_a_weak_hit_is_listed_and_says_so(inline: Command) -> None:
    found = inline("skills", "weather model", "--json").document["skills"]
    assert found and all(entry["weak"] for entry in found)
    said = inline("skills", "weather model").out
    assert "weak" in said and "strong" not in said and "only share words with the query" in said
    both = inline("skills", "hyperparameter search").out
    assert "strong" in both and "weak" in both and "only share words" not in both
    # Nothing was asked, so nothing is weak.
    listed = inline("skills", "--json").document["skills"]
    assert not any("weak" in entry for entry in listed) and "weak" not in inline("skills").out


def test_what_a_search_leaves_out_and_reads_is_said(inline: Command, tmp_path: Path) -> None:
    for i in range(25):
        make_skill(tmp_path / "orchard", f"tree-{i}", description="Prunes apple trees.")
    bank = ("--bank", str(tmp_path / "orchard"))
    found = inline("skills", "aple trees", *bank, "--json").document
    assert len(found["skills"]) == 20 and found["more"] is True
    assert found["note"] == "'aple' was read as 'apple'"
    said = inline("skills", "aple trees", *bank).out
    assert "These are the best 20; more skills share words with the query." in said
    assert "Note: 'aple' was read as 'apple'." in said
    assert "more" not in inline("skills", "grounding dino", "--json").document


def test_brackets_in_values_are_shown_as_they_are(inline: Command) -> None:
    captions = "dataset.infer_data_sources.captions=[bold]"
    arguments = ["--action", "inference", "--data", "inference=s3://b/i", "--set", captions]
    assert "['bold']" in inline("plan", "--skill", "grounding_dino", *arguments).out


def test_a_name_on_the_hub_is_shown_as_one(inline: Command) -> None:
    words = (
        "train Grounding DINO on s3://b/data, no HPO",
        "--platform",
        "docker",
        "--pretrained",
        "owner/dino",
    )
    [row] = [
        line for line in inline("plan", *words).out.splitlines() if "owner/dino" in line and "hub" in line
    ]
    assert row.startswith("train.pretrained_model_path") and "model hub" in row


@pytest.mark.parametrize(
    ("bank", "words"),
    [("~nobody-here/bank", "is not a folder;"), ("a-file", "is not a folder;"), ("my-bnak", "/my-bank'?)")],
)
def test_a_bank_that_is_not_there_is_said(
    inline: Command, bank: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-bank").mkdir()
    Path("a-file").touch()
    answer = inline("skills", "--bank", bank)
    assert answer.code == 5 and words in answer.err


def test_the_data_of_a_plan_is_known_by_a_digest_that_no_id_depends_on(inline: Command, data: Path) -> None:
    words = f"train the toy detector on {data}"
    before = inline("plan", words, "--json").document
    [place] = before["checks"]["places"]
    assert place["digest"].startswith("sha256:")
    assert f"sha256 {place['digest'][7:19]}" in inline("plan", words, "--explain").out
    assert "sha256" not in inline("plan", words).out
    (data / "data.txt").write_text("forty-three")
    after = inline("plan", words, "--json").document
    assert after["plan_id"] == before["plan_id"]
    assert after["checks"]["places"][0]["digest"] != place["digest"]


@pytest.mark.parametrize("command", ["plan", "run", "show"])
def test_an_option_that_is_given_twice_is_refused(inline: Command, command: str) -> None:
    first = "tao-train-grounding-dino" if command == "show" else REQUEST
    answer = inline(command, first, "--variant", "deploy", "--variant", "main")
    assert answer.code == 2 and "--variant is given more than once" in answer.err


def test_slots_are_options(inline: Command) -> None:
    answer = inline("plan", REQUEST, "--seed", "7", "--epochs", "3", "--automl", "off", "--json")
    spec = answer.document["spec"]["train"]
    assert (spec["seed"], spec["num_epochs"]) == (7, 3)
    answer = inline("plan", REQUEST, "--captions", "red sign", "--captions", "cat")
    assert answer.code == 2 and "--captions has no meaning for train" in answer.err


def test_what_options_replace_is_told_beside_a_document_too(inline: Command) -> None:
    text = "train Grounding DINO on s3://b/t for 4 epochs, no HPO"
    answer = inline("plan", text, "--epochs", "3", "--json")
    assert answer.document["spec"]["train"]["num_epochs"] == 3
    assert "note: --epochs 3 counts, not the 4 of the words" in answer.err


def test_a_plan_begins_with_its_sentence(inline: Command) -> None:
    skill = "train tao-train-grounding-dino on s3://bucket/train"
    said = f"{skill}; AutoML off; on platform docker; asks: pretrained\n"
    whole = f"{skill}; from random weights; AutoML off; on platform local; nothing left out"
    assert inline("plan", REQUEST, "--platform", "docker").out.startswith(said)
    answer = inline("plan", REQUEST, "--pretrained", "none")
    assert answer.out.splitlines()[0] == whole
    document = inline("plan", REQUEST, "--pretrained", "none", "--json").document
    assert list(document)[:2] == ["plan_id", "sentence"] and document["sentence"] == whole
    assert Plan.from_document(document).plan_id == document["plan_id"]
    # What is read back is the same plan.
    assert inline("plan", whole, "--json").document["plan_id"] == document["plan_id"]


def test_a_chain_begins_with_the_sentence_of_all_of_it(inline: Command) -> None:
    asked = f"{REQUEST}, from scratch, then export it"
    document = inline("plan", asked, "--json").document
    whole = document["sentence"]
    assert whole == (
        "first train tao-train-grounding-dino on s3://bucket/train; from random weights; "
        "then export tao-train-grounding-dino; AutoML off; on platform local; nothing left out"
    )
    train, export = document["plans"]
    assert f"; from plan {train['plan_id'][:12]}; " in export["sentence"]
    assert inline("plan", asked).out.splitlines()[0] == whole
    again = inline("plan", whole, "--json").document["plans"]
    assert [p["plan_id"] for p in again] == [train["plan_id"], export["plan_id"]]
