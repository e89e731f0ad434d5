"""Factors between units, against numbers from elsewhere than the table that has them."""

from __future__ import annotations

import pytest

from transforms.units import conversion


@pytest.mark.parametrize(
    "reported, canonical, value, expected",
    [
        ("kJ", "kcal", 8368, 2000),  # 4.184 kJ per kcal: a day's energy on a food label
        ("J", "kcal", 4_184_000, 1000),
        ("cal", "kcal", 2500, 2.5),
        ("mg/dL", "mmol/L", 10.41, 1),  # ketones: beta-hydroxybutyrate, 104.1 g/mol
        ("mmol/L", "mg/dL", 5.55, 99.98658),  # glucose, 180.156 g/mol
        ("[degF]", "Cel", 98.6, 37),
        ("mi", "m", 26.2188, 42195),
        ("10.g", "g", 4.5, 45),
    ],
)
def test_factors(reported: str, canonical: str, value: float, expected: float) -> None:
    change = conversion(reported, canonical)
    assert change is not None
    assert value * change[0] + change[1] == pytest.approx(expected, rel=1e-4)
    assert conversion(canonical, canonical) == (1, 0)
    assert conversion("furlong", canonical) is None
