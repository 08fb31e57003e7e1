# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Pose estimators behind one interface, and the gates that keep them from inventing people."""

from co_perception.pose.estimator import PoseEstimator, create_estimator

__all__ = ["PoseEstimator", "create_estimator"]
