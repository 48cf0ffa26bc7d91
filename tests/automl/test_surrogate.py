"""The model behind Bayesian searches: its arithmetic against finite differences, and what it learns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skillbank.automl.algorithms.gaussian_process import GaussianProcess
from skillbank.automl.algorithms.kernel import Kernel, Posterior
from skillbank.automl.algorithms.warping import warped

FEATURES = 3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16))
def test_the_posterior_slopes_as_finite_differences_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    posterior = Posterior(rng.random((12, FEATURES)), rng.normal(size=12))
    theta = Kernel.start(FEATURES, rng)
    steps = 1e-5 * np.eye(len(theta))
    measured = [(posterior(theta + step)[0] - posterior(theta - step)[0]) / 2e-5 for step in steps]
    assert np.allclose(posterior(theta)[1], measured, rtol=1e-4, atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16))
def test_a_covariance_is_symmetric_and_positive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel, points = Kernel.of(Kernel.start(FEATURES, rng)), rng.random((15, FEATURES))
    covariance = kernel.covariance(points)
    assert np.allclose(covariance, covariance.T)
    assert np.allclose(kernel(points, points).diagonal(), kernel.signal)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_effects_of_single_features_are_learned_where_no_trial_is_near() -> None:
    def value(points: np.ndarray) -> np.ndarray:
        return np.asarray(np.sin(6.0 * points).sum(1))

    rng = np.random.default_rng(0)
    points, others = rng.random((50, 6)), rng.random((200, 6))
    process = GaussianProcess.fit(points, value(points), rng)
    assert process.kernel.share > 0.8
    assert np.corrcoef(process.predict(others)[0], value(others))[0, 1] > 0.95


def test_interactions_are_learned_too() -> None:
    rng = np.random.default_rng(0)
    points, others = rng.random((60, 2)), rng.random((200, 2))
    process = GaussianProcess.fit(points, np.sin(6.0 * points[:, 0] * points[:, 1]), rng)
    mean, deviation = process.predict(others)
    assert np.abs(mean - np.sin(6.0 * others[:, 0] * others[:, 1])).max() < 0.2
    assert process.kernel.share < 0.8 and (deviation > 0).all()


def test_of_many_trials_hyperparameters_are_learned_from_a_part_and_all_are_known() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((130, 2))
    targets = np.cos(5.0 * points).sum(1)
    process = GaussianProcess.fit(points, targets, rng)
    assert len(process.points) == 130
    assert np.abs(process.predict(points)[0] - targets).max() < 0.05


@given(arrays(float, st.integers(1, 30), elements=st.integers(-(10**6), 10**6).map(lambda n: n / 100)))
def test_warped_losses_keep_their_order_and_are_finite(losses: np.ndarray) -> None:
    found = warped(losses)
    assert np.isfinite(found).all()
    order = np.argsort(losses, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert (found == found[0]).all() == (losses == losses[0]).all()


def test_losses_near_the_end_of_all_numbers_are_warped_too() -> None:
    found = warped(np.r_[np.linspace(0.0, 1.0, 10), 1e300, -1e300])
    assert np.isfinite(found).all() and found.argmax() == 10 and found.argmin() == 11


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
def test_a_loss_that_went_astray_does_not_hide_the_others(scale: float) -> None:
    losses = scale * np.r_[np.linspace(0.0, 1.0, 20), 1e6]
    found = warped(losses)
    assert found[-1] - found[-2] < 20 * (found[-2] - found[0])
    assert np.allclose(found, warped(losses / scale + 3.0), rtol=1e-3)
