# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Figures that the authors of the networks published. None of them was measured here.

Accuracies cannot be checked without the published weights and data sets; parameters and
multiply-adds can, and are by `co-perception models table`.

Sources: Hedegaard and Iosifidis, Continual 3D Convolutional Neural Networks for Real-time
Processing of Videos (2022), and the figure of results in the repository co3d; Hedegaard et al.,
Continual Spatio-Temporal Graph Convolutional Networks (2022), table 2; Hedegaard et al., Continual
Transformers (2023), tables 6 and 7, of which the library's README swaps two columns.
"""

from __future__ import annotations

import dataclasses

__all__ = ["PUBLISHED", "Published", "find_published"]

_VIDEO = "Kinetics-400, one clip or frame, top-1 %"
_SKELETON = "NTU RGB+D 60, joints of two persons, X-Sub / X-View %"
_ACTIONS = "THUMOS14, features of ActivityNet / Kinetics, mAP %"


@dataclasses.dataclass(frozen=True)
class Published:
    """One network's figures.

    Attributes:
        metric: Data set and measure of the accuracies.
        parameters: In millions.
        clip_accuracy: Of the clip network; "" where not given.
        clip_gmacs: Of one clip, 1e9 multiply-adds, as the authors counted them.
        step_accuracy: Of the continual network.
        step_gmacs: Of one prediction of the continual network, as the authors counted them.
    """

    metric: str
    parameters: float
    clip_accuracy: str
    clip_gmacs: float | None
    step_accuracy: str
    step_gmacs: float | None


def _video(parameters: float, clip: str, clip_g: float, step: str, step_g: float) -> Published:
    return Published(_VIDEO, parameters, clip, clip_g, step, step_g)


def _skeleton(parameters: float, clip: str, clip_g: float, step: str, step_g: float) -> Published:
    return Published(_SKELETON, parameters, clip, clip_g, step, step_g)


PUBLISHED: dict[tuple[str, int], Published] = {
    ("cox3d_xs", 4): Published(_VIDEO, 3.79, "59.37", 0.64, "", None),
    ("cox3d_s", 13): _video(3.79, "64.71", 2.06, "60.18", 0.17),
    ("cox3d_s", 64): _video(3.79, "64.71", 2.06, "67.33", 0.17),
    ("cox3d_m", 16): _video(3.79, "67.24", 4.97, "62.80", 0.33),
    ("cox3d_m", 64): _video(3.79, "67.24", 4.97, "71.03", 0.33),
    ("cox3d_l", 16): _video(6.15, "69.29", 19.17, "63.03", 1.25),
    ("cox3d_l", 64): _video(6.15, "69.29", 19.17, "71.61", 1.25),
    ("coslow_r50", 8): _video(32.45, "67.42", 54.87, "65.90", 6.90),
    ("coslow_r50", 64): _video(32.45, "67.42", 54.87, "73.05", 6.90),
    ("coi3d_r50", 8): _video(28.04, "63.98", 28.61, "59.58", 5.68),
    ("coi3d_r50", 64): _video(28.04, "63.98", 28.61, "56.86", 5.68),
    ("co_st_gcn", 300): _skeleton(3.14, "86.0/93.4", 16.73, "85.3/93.1", 0.27),
    ("co_st_gcn_mod", 300): _skeleton(3.14, "86.3/93.8", 36.90, "86.3/93.8", 0.16),
    ("co_agcn", 300): _skeleton(3.47, "86.4/94.3", 18.69, "86.0/93.9", 0.30),
    ("co_agcn_mod", 300): _skeleton(3.47, "84.1/92.6", 40.87, "84.1/92.6", 0.17),
    ("co_s_tr", 300): _skeleton(3.09, "86.8/93.8", 16.14, "86.5/93.3", 0.22),
    ("co_s_tr_mod", 300): _skeleton(3.09, "86.3/92.4", 35.65, "86.3/92.4", 0.15),
    ("co_oadtr_b1", 64): Published(_ACTIONS, 9.6, "55.5/-", 0.6057, "56.2/64.5", 0.0096),
    ("co_oadtr_b2", 64): Published(_ACTIONS, 15.9, "-/64.2", 1.0757, "56.4/64.4", 0.4108),
}
"""By the continual network's name and the frames that its head averages over, or its window."""


def find_published(name: str, window: int) -> Published | None:
    """Return what was published on a continual network; None if nothing was."""
    return PUBLISHED.get((name, window))
