# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Streams go on without drift or growth: a short run of what `benchmarks/endurance.py` does."""

import pytest

from co_perception.continual.endurance import check_endurance
from co_perception.models import gallery

NETWORKS = ("cox3d_xs", "coi3d_r50", "co_agcn_mod", "co_st_gcn", "co_oadtr_b2", "co_st_gcn_small")


@pytest.mark.parametrize("name", NETWORKS)
def test_long_streams_neither_drift_nor_grow(name):
    model = gallery.create_shallow(name)
    seen = check_endurance(
        model.network,
        model.spec.step_shape,
        steps=2 * model.spec.receptive_field + 300,
        checks=4,
        rows=1,
        period=gallery.clip_period(model),
    )
    assert seen.checks >= 4
    assert seen.state_bytes == model.summary().state_bytes + 8  # and the clock
