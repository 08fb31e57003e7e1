# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from co_perception.engine.activity import CLASS_NONE, UNKNOWN
from co_perception.engine.decisions import Decider, Edge, compute_probabilities, top_scores
from co_perception.engine.evidence import EvidenceWindow

LABELS = ("stand", "walk", "wave")
MS = 1_000_000


def make_decider(hold_ms: int = 200) -> Decider:
    return Decider(LABELS, enter=0.6, exit=0.4, min_hold_ns=hold_ms * MS)


def probabilities(best: int, value: float) -> np.ndarray:
    p = np.full(len(LABELS), (1 - value) / (len(LABELS) - 1))
    p[best] = value
    return p


def run(decider: Decider, script: list[tuple[int, int, float]]) -> list[Edge]:
    """Feed (until_ms, class, probability) pieces, an output every 50 ms."""
    edges, stamp_ms = [], 0
    for until_ms, best, value in script:
        while stamp_ms < until_ms:
            edges += decider.update(stamp_ms * MS, probabilities(best, value))
            stamp_ms += 50
    return edges


def test_decider_starts_unknown_and_follows_after_the_hold_time():
    decider = make_decider()
    decider.update(0, probabilities(1, 0.9))
    assert decider.decision.label == UNKNOWN and decider.decision.class_id == CLASS_NONE
    assert decider.update(150 * MS, probabilities(1, 0.9)) == []
    (edge,) = decider.update(200 * MS, probabilities(1, 0.9))
    assert (edge.started, edge.class_id, edge.stamp_ns) == (True, 1, 200 * MS)
    assert decider.decision.label == "walk" and decider.decision.since_ns == 200 * MS


def test_decider_hold_time_is_in_seconds_not_in_outputs():
    for step_ms in (10, 40, 100):
        decider, stamp_ms = make_decider(), 0
        while not decider.update(stamp_ms * MS, probabilities(1, 0.9)):
            stamp_ms += step_ms
        assert stamp_ms == 200


def test_decider_keeps_a_class_between_exit_and_enter():
    decider = make_decider()
    run(decider, [(500, 1, 0.9), (3000, 1, 0.45)])
    assert decider.decision.label == "walk"


def test_decider_never_enters_below_enter():
    decider = make_decider()
    run(decider, [(3000, 1, 0.55)])
    assert decider.decision.label == UNKNOWN


def test_decider_ignores_a_flicker():
    decider = make_decider()
    edges = run(decider, [(500, 1, 0.9), (650, 2, 0.9), (1500, 1, 0.9)])
    assert [edge.class_id for edge in edges] == [1]


def test_decider_leaves_a_class_though_others_take_turns():
    decider = make_decider()
    run(decider, [(500, 1, 0.9)])
    turns = [(500 + 100 * (i + 1), (0, 2)[i % 2], 0.9) for i in range(6)]
    edges = []
    stamp_ms = 500
    for until_ms, best, value in turns:
        while stamp_ms < until_ms:
            edges += decider.update(stamp_ms * MS, probabilities(best, value))
            stamp_ms += 50
    assert [(edge.started, edge.class_id) for edge in edges] == [(False, 1)]
    assert decider.decision.label == UNKNOWN


def test_decider_ends_one_activity_before_the_next_and_tells_its_length():
    decider = make_decider()
    edges = run(decider, [(1000, 1, 0.9), (2000, 2, 0.7)])
    assert [(e.started, e.class_id) for e in edges] == [(True, 1), (False, 1), (True, 2)]
    start, end, following = edges
    assert end.duration_ns == end.stamp_ns - start.stamp_ns == 1000 * MS
    assert end.stamp_ns == following.stamp_ns
    # 16 outputs of 0.9, then 4 of the other class's rest (0.15) until the hold time was over.
    assert end.confidence == pytest.approx((16 * 0.9 + 4 * 0.15) / 20)


def test_decider_clear_ends_the_activity_and_starts_unknown_again():
    decider = make_decider()
    run(decider, [(1000, 1, 0.9)])
    (edge,) = decider.clear()
    assert not edge.started and edge.duration_ns == 750 * MS
    assert decider.decision is None and decider.clear() == []
    assert decider.update(5000 * MS, probabilities(1, 0.9)) == []
    assert decider.decision.label == UNKNOWN


@given(
    script=st.lists(
        st.tuples(st.integers(0, 2), st.floats(0.34, 1.0), st.integers(1, 400)), max_size=60
    )
)
def test_decider_edges_alternate_and_fit_the_label(script):
    decider, stamp_ms, running = make_decider(), 0, CLASS_NONE
    for best, value, gap_ms in script:
        stamp_ms += gap_ms
        for edge in decider.update(stamp_ms * MS, probabilities(best, value)):
            assert edge.started == (running == CLASS_NONE)
            assert edge.started or edge.class_id == running
            assert 0 <= edge.confidence <= 1 and edge.duration_ns >= 0
            running = edge.class_id if edge.started else CLASS_NONE
        assert decider.decision.class_id == running


def test_softmax_is_calibrated_by_the_temperature_and_stays_finite():
    logits = np.array([[1000.0, 0.0, -1000.0], [0.0, 2.0, 0.0]], np.float32)
    p = compute_probabilities(logits, 2.0)
    np.testing.assert_allclose(p.sum(axis=-1), 1.0)
    np.testing.assert_allclose(p[1, 1], np.e / (np.e + 2), rtol=1e-12)
    assert np.isfinite(p).all()


def test_top_scores_are_sorted_and_stable():
    scores = top_scores(np.array([0.25, 0.5, 0.25]), LABELS, 5)
    assert [score.label for score in scores] == ["walk", "stand", "wave"]
    assert len(top_scores(np.array([0.25, 0.5, 0.25]), LABELS, 2)) == 2


def test_evidence_counts_real_frames_of_the_receptive_field_only():
    evidence = EvidenceWindow(4, 0.5)
    assert (evidence.share, evidence.enough, evidence.span_ns) == (0.0, False, (0, 0))
    evidence.push(0, 1, True)
    evidence.push(1, 2, False)
    assert not evidence.enough
    evidence.push(2, 3, True)
    assert evidence.enough and evidence.share == 0.5 and evidence.span_ns == (0, 3)
    evidence.push(3, 4, False)
    evidence.push(4, 5, False)  # the first frame falls out
    assert evidence.share == 0.25 and not evidence.enough and evidence.span_ns == (1, 5)
    evidence.clear()
    assert evidence.span_ns == (0, 0)


@pytest.mark.parametrize(("share", "needed"), [(0.0, 1), (0.7, 21), (0.71, 22), (1.0, 30)])
def test_evidence_asks_for_the_share_rounded_up(share, needed):
    evidence = EvidenceWindow(30, share)
    for index in range(needed):
        assert not evidence.enough
        evidence.push(index, index, True)
    assert evidence.enough
