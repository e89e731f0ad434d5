"""Medians after the highest and the lowest third of nights, and the sentence that tells them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulated import MONDAY
from transforms.effect.pairs import every_pair
from transforms.effect.thirds import Thirds, _medians, thirds

SLEEP_AND_MEAN = next(every_pair())


def test_medians_of_draws_are_those_of_what_was_drawn() -> None:
    """The upper one of the two in the middle, as often as each was drawn."""
    values = np.array([3.0, 1, 2, 5])
    times = np.array([[1.0, 0, 3], [1, 0, 0], [1, 0, 0], [0, 0, 1]])
    found = _medians(values, times)
    assert found[[0, 2]].tolist() == [2, 3]
    assert np.isnan(found[1])


def test_the_contrast_is_that_of_days_alike_but_for_sleep() -> None:
    """Two mg/dL per hour, beside a covariate that goes with sleep and moves glucose by more."""
    rng = np.random.default_rng(7)
    day = MONDAY + np.arange(200)
    wake = rng.standard_normal(200)
    x = 7 + wake + rng.standard_normal(200)
    y = 100 + 2 * x - 6 * wake + rng.standard_normal(200)
    found = thirds(day, wake[:, None], x, y)
    assert found is not None
    lowest, highest = np.quantile(x, [1 / 3, 2 / 3])
    assert (found.lowest, found.highest) == (lowest, highest)
    expected = 2 * (np.median(x[x >= highest]) - np.median(x[x <= lowest]))
    assert found.difference == pytest.approx(expected, abs=0.8)
    assert found.low < expected < found.high
    raw = np.median(y[x >= highest]) - np.median(y[x <= lowest])
    assert raw < 0  # as it looks without the covariate


def test_thirds_want_five_nights_that_differ() -> None:
    day, nothing = MONDAY + np.arange(14), np.empty((14, 0))
    y = np.arange(14.0)
    assert thirds(day, nothing, np.arange(14.0) % 7, y**2) is not None
    assert thirds(day, nothing, np.where(np.arange(14) < 2, 1.0, 0.0), y) is None
    few = thirds(day, nothing, np.concatenate([np.zeros(7), np.arange(7.0)]), y)
    assert few is not None
    assert thirds(day[:13], nothing[:13], np.arange(13.0) ** 2, y[:13]) is not None


def test_a_sentence_without_a_cause() -> None:
    found = Thirds(6.4, 7.63, 104.06, 105.96, 1.9, -0.24, 4.04)
    assert found.words(SLEEP_AND_MEAN) == (
        "sleep of 7.6 h and more: mean 106.0 mg/dL; 6.4 h and less: 104.1; "
        "difference +1.9 (-0.2 to +4.0)"
    )
