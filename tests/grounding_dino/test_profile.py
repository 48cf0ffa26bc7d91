"""The profile, learning rates, parameter groups, threads: small decisions, all pure."""

from pathlib import Path
from typing import Any

import pytest

from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.config import GROUNDING_DINO, build_spec, spec_defaults
from skillbank_engine.families.grounding_dino.config.recipe import SMALL
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.parameters import family_name, parameter_groups
from skillbank_engine.parameters import count, freeze, trained
from skillbank_engine.profile import apply_profile, choose_profile
from skillbank_engine.schedule import Schedule
from skillbank_engine.threads import available_cpus


def spec(*overrides: str, document: dict[str, Any] | None = None) -> Any:
    return build_spec("train", document or {}, overrides)


@pytest.mark.parametrize(
    ("overrides", "cuda", "profile"),
    [
        ([], False, "small"),
        ([], True, "full"),
        (["train.pretrained_model_path=x.pth"], False, "full"),
        (["model.backbone=resnet_50"], False, "full"),
        (["model.hidden_dim=512"], False, "full"),
        (["model.num_queries=100", "train.optim.lr=0.1"], False, "small"),
        (["engine.profile=full"], False, "full"),
        (["engine.profile=small"], True, "small"),
    ],
)
def test_choice(overrides: list[str], cuda: bool, profile: str) -> None:
    assert choose_profile(GROUNDING_DINO, spec(*overrides), cuda) == profile


def test_the_plain_template_becomes_small() -> None:
    plain = spec(document=spec_defaults("train"))
    settled, changed = apply_profile(GROUNDING_DINO, plain, "train", [], cuda=False)
    assert changed == SMALL
    assert settled.engine.profile == "small"
    assert settled.model.hidden_dim == 64
    assert settled.train.num_epochs == 10
    assert plain.model.hidden_dim == 256


def test_what_the_spec_or_an_override_sets_wins() -> None:
    document = {"model": {"num_queries": 77}, "train": {"optim": {"lr": 0.003}}}
    words = ["dataset.batch_size=4", "model.enc_n_points=3"]
    settled, changed = apply_profile(
        GROUNDING_DINO, spec(*words, document=document), "train", words, cuda=False
    )
    assert settled.model.num_queries == 77
    assert settled.train.optim.lr == 0.003
    # 4 is the full-size default, but somebody has typed it.
    assert settled.dataset.batch_size == 4
    assert settled.model.enc_n_points == 3
    assert not {"model.num_queries", "train.optim.lr", "dataset.batch_size"} & set(changed)
    assert changed["model.dec_layers"] == SMALL["model.dec_layers"]


def test_full_changes_nothing() -> None:
    plain = spec("engine.profile=full")
    settled, changed = apply_profile(GROUNDING_DINO, plain, "train", ["engine.profile=full"], cuda=False)
    assert (settled, changed) == (plain, {})


def test_cosine_with_warmup() -> None:
    schedule = Schedule("cosine", total_steps=100, steps_per_epoch=10, warmup_steps=1000)
    factors = [schedule.factor(step) for step in range(100)]
    # Warm-up is cut to a tenth of the run.
    assert factors[0] == pytest.approx(1 / 11)
    assert max(factors) == factors[10]
    assert factors[50] == pytest.approx(0.5)
    assert factors[99] < 0.001


def test_the_familys_schedules() -> None:
    steps = Schedule("MultiStep", 100, 10, milestones=(3, 5), decay=0.1)
    assert [steps.factor(step) for step in (0, 29, 30, 50)] == pytest.approx([1, 1, 0.1, 0.01])
    regular = Schedule("StepLR", 100, 10, step_size=4, decay=0.5)
    assert [regular.factor(step) for step in (39, 40, 80)] == pytest.approx([1, 0.5, 0.25])


def test_parameter_groups(detector: Detector) -> None:
    groups = parameter_groups(
        detector,
        spec("train.optim.lr=0.1", "train.optim.lr_backbone=0.02", "train.optim.lr_linear_proj_mult=0.5"),
    )
    rates = {group["name"]: (group["lr"], count(group["params"])) for group in groups}
    assert {name: rate for name, (rate, _) in rates.items()} == {
        "backbone": 0.02,
        "linear_proj": pytest.approx(0.05),
        "rest": 0.1,
    }
    assert sum(number for _, number in rates.values()) == count(trained(detector))
    inside = count(detector.text_encoder.parameters()) + count(detector.backbone.parameters())
    assert rates["backbone"][1] == inside


def test_freezing_by_the_familys_names(detector: Detector) -> None:
    frozen = freeze(detector, ["backbone", "transformer.encoder"], family_name)
    assert frozen > count(detector.backbone.parameters())
    names = {family_name(name) for name, p in detector.named_parameters() if not p.requires_grad}
    assert all(name.startswith(("backbone.", "transformer.encoder.")) for name in names)
    assert not any(name.startswith("transformer.encoder_") for name in names)
    with pytest.raises(
        EngineError, match=r"train\.freeze names 'bakcbone', which begins no parameter: use one of"
    ):
        freeze(detector, ["bakcbone"], family_name)


def test_threads_from_the_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(32)), raising=False)
    assert available_cpus(tmp_path) == 32
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n", encoding="ascii")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n", encoding="ascii")
    assert available_cpus(tmp_path) == 32
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("150000\n", encoding="ascii")
    assert available_cpus(tmp_path) == 2
    (tmp_path / "cpu.max").write_text("max 100000\n", encoding="ascii")
    assert available_cpus(tmp_path) == 32
    (tmp_path / "cpu.max").write_text("50000 100000\n", encoding="ascii")
    assert available_cpus(tmp_path) == 1
