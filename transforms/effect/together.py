"""Several people at once: the same night's pairs by correlation within people and a mixed model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from transforms.effect.pairs import EXPOSURES, OUTCOMES, slope_unit
from transforms.effect.rmcorr import Correlation, repeated_correlation
from transforms.effect.within import Nights, Pair, enough

if TYPE_CHECKING:
    from transforms.effect.mixed import MixedSlope


@dataclass(frozen=True)
class Together:
    """What was found for a pair among everyone with at least 14 nights of it."""

    exposure: str
    outcome: str
    person_count: int
    night_count: int
    slope_unit: str
    correlation: Correlation | None
    mixed: MixedSlope | None


def together(people: Sequence[Nights]) -> list[Together]:
    """Every pair of measures, in the same night; both numbers None for fewer than two people."""
    found = []
    for exposure in EXPOSURES:
        for outcome in OUTCOMES:
            pairs = enough(people, exposure, outcome)
            count = sum(len(pair.day) for pair in pairs)
            names = (exposure.name, outcome.name, len(pairs), count, slope_unit(exposure, outcome))
            if len(pairs) < 2:
                found.append(Together(*names, None, None))
                continue
            found.append(Together(*names, *_compared(pairs)))
    return found


def _compared(pairs: Sequence[Pair]) -> tuple[Correlation | None, MixedSlope | None]:
    from transforms.effect.mixed import (
        mixed_slope,  # statsmodels takes longer to load than one person
    )

    person = np.repeat(np.arange(len(pairs)), [len(pair.day) for pair in pairs])
    x = np.concatenate([pair.first for pair in pairs])
    y = np.concatenate([pair.second for pair in pairs])
    # date and free day, the two that every pair has; dates from each person's own middle
    covariates = np.concatenate(
        [pair.covariates[:, :2] - [pair.covariates[:, 0].mean(), 0] for pair in pairs]
    )
    return repeated_correlation(person, x, y), mixed_slope(person, x, y, covariates)
