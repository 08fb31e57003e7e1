# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What trains is never what judges: styles, bodies, views and random streams."""

import numpy as np
import pytest

from co_perception.errors import ConfigError
from co_perception.motion import (
    LABELS,
    STYLES,
    create_rng,
    generate_clip,
    list_styles,
    sample_body,
    sample_view,
)
from co_perception.motion.splits import (
    AZIMUTH_BANDS_DEG,
    ELEVATION_BANDS_DEG,
    STATURE_BAND_M,
    sample_band,
)

DRAWS = 300
MIN_GAP_DEG = 1.0


@pytest.mark.parametrize("label", LABELS)
def test_styles_of_the_splits_differ(label: str) -> None:
    names = {split: {s.name for s in list_styles(label, split)} for split in ("train", "judge")}
    assert names["train"] and names["judge"]
    assert not names["train"] & names["judge"]


def test_style_names_are_unique_within_a_label() -> None:
    keys = [(style.label, style.name) for style in STYLES]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("split", "parity"), [("train", 0), ("judge", 1)])
def test_statures_lie_in_the_bands_of_their_split(split: str, parity: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        stature = sample_body(rng, split).stature
        assert 1.0 < stature < 2.0
        assert int(stature / STATURE_BAND_M) % 2 == parity


@pytest.mark.parametrize("bands", [AZIMUTH_BANDS_DEG, ELEVATION_BANDS_DEG])
def test_bands_of_the_splits_keep_apart(bands: dict[str, tuple[tuple[float, float], ...]]) -> None:
    for low, high in bands["train"]:
        for other_low, other_high in bands["judge"]:
            assert other_low - high >= MIN_GAP_DEG or low - other_high >= MIN_GAP_DEG


@pytest.mark.parametrize("split", ["train", "judge"])
def test_views_lie_in_the_bands_of_their_split(split: str) -> None:
    for seed in range(DRAWS):
        view = sample_view(seed, split, width=640, height=480)
        away = -view.axes[2]
        azimuth = abs(np.degrees(np.arctan2(away[0], away[2])))
        elevation = np.degrees(np.arcsin(away[1]))
        assert any(a - 1e-6 <= azimuth <= b + 1e-6 for a, b in AZIMUTH_BANDS_DEG[split])
        assert any(a - 1e-6 <= elevation <= b + 1e-6 for a, b in ELEVATION_BANDS_DEG[split])


def test_bands_are_drawn_from_by_width() -> None:
    rng = np.random.default_rng(0)
    draws = [sample_band(rng, ((0.0, 1.0), (10.0, 13.0))) for _ in range(4 * DRAWS)]
    assert np.mean(np.array(draws) > 5.0) == pytest.approx(0.75, abs=0.05)


def test_equal_seeds_of_the_splits_are_unrelated() -> None:
    train, judge = (create_rng(split, 5, "x").random(8) for split in ("train", "judge"))
    assert not np.isclose(train, judge).any()
    clips = [generate_clip("wave", 1.0, 15.0, seed=5, split=s) for s in ("train", "judge")]
    assert np.abs(clips[0] - clips[1]).max() > 0.02


def test_unknown_split_and_label_are_named() -> None:
    with pytest.raises(ConfigError, match="'test'"):
        create_rng("test", 0, "x")
    with pytest.raises(ConfigError, match="'dance'"):
        list_styles("dance", "train")
