# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop: frame-wise, with fresh examples in every round."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from co_perception.models import ContinualModel, create_model
from co_perception.training.batches import Mixture, TrainingSet
from co_perception.training.classes import CLASSES, OTHER

__all__ = ["ARCHITECTURE", "NETWORK", "FitConfig", "dense_logits", "fit"]

ARCHITECTURE = "co_st_gcn_small"
NETWORK: dict[str, Any] = {"widths": (32, 32, 48, 64), "dropout": 0.0}
"""Narrower than the architecture's default: half the time per step, no figure lower. Augmentation
and weight decay regularise; dropout on top only slowed the descent."""

Progress = Callable[[int, int, float], None]
"""Called with steps done, steps in all, and the running loss."""


@dataclass(frozen=True)
class FitConfig:
    """How long and how hard to train.

    Attributes:
        steps: Number of weight updates.
        batch_size: Examples in each.
        learning_rate: Peak of the one-cycle schedule.
        weight_decay: Of AdamW.
        smoothing: Label smoothing, 0..1.
        other_weight: Weight of frames that are to be sure of nothing.
        round_size: Examples drawn at a time, while the previous ones train.
        seed: Of weights, examples and dropout.
    """

    steps: int = 900
    batch_size: int = 48
    learning_rate: float = 4e-3
    weight_decay: float = 2e-2
    smoothing: float = 0.05
    other_weight: float = 0.5
    round_size: int = 1024
    seed: int = 0


def fit(mixture: Mixture, config: FitConfig, progress: Progress | None = None) -> ContinualModel:
    """Train a network of the starter's architecture on a mixture of sources.

    The same arguments give the same weights on one machine and thread count.

    Args:
        mixture: Draws the examples.
        config: Lengths, rates and the seed.
        progress: Told after each step.

    Returns:
        The network in evaluation mode.
    """
    torch.manual_seed(config.seed)
    model = create_model(ARCHITECTURE, num_classes=len(CLASSES), **NETWORK)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.learning_rate, total_steps=config.steps, pct_start=0.15
    )
    rng = np.random.default_rng([config.seed, 1])
    model.train()
    running, done = 0.0, 0
    with ThreadPoolExecutor(1) as drawer:
        # One thread, one generator: drawn in order, whatever the timing.
        upcoming = drawer.submit(mixture.draw, config.round_size, rng)
        while done < config.steps:
            examples = upcoming.result()
            upcoming = drawer.submit(mixture.draw, config.round_size, rng)
            for batch in _batches(examples, config):
                loss = _loss(model, *batch, config)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
                schedule.step()
                done += 1
                value = float(loss.detach())
                running = value if done == 1 else 0.95 * running + 0.05 * value
                if progress is not None:
                    progress(done, config.steps, running)
                if done == config.steps:
                    break
        upcoming.cancel()
    return model.eval()


def _batches(examples: TrainingSet, config: FitConfig) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Split into batches; weights are balanced over the classes of the whole round."""
    weights = _balanced(examples)
    starts = range(0, len(examples) - config.batch_size + 1, config.batch_size)
    return [
        (
            torch.from_numpy(examples.features[i : i + config.batch_size]),
            torch.from_numpy(examples.labels[i : i + config.batch_size].astype(np.int64)),
            torch.from_numpy(weights[i : i + config.batch_size]),
        )
        for i in starts
    ]


def _balanced(examples: TrainingSet) -> NDArray[np.float32]:
    """Scale the weights so that classes with many frames do not outvote the others."""
    weights: NDArray[np.float32] = examples.weights.copy()
    totals = {
        int(c): float(weights[examples.labels == c].sum()) for c in np.unique(examples.labels)
    }
    kept = {label: total for label, total in totals.items() if total > 0}
    mean = sum(kept.values()) / max(1, len(kept))
    for label, total in kept.items():
        weights[examples.labels == label] *= min(3.0, (mean / total) ** 0.5)
    return weights


def _loss(
    model: ContinualModel, features: Tensor, labels: Tensor, weights: Tensor, config: FitConfig
) -> Tensor:
    """Cross-entropy per frame; frames of other activities are pulled towards no preference."""
    log_probs = functional.log_softmax(model.forward_dense(features), dim=1)  # (B, K, T)
    uniform = -log_probs.mean(dim=1)
    chosen = -log_probs.gather(1, labels.clamp_min(0)[:, None])[:, 0]
    named = (1.0 - config.smoothing) * chosen + config.smoothing * uniform
    other = labels == OTHER
    per_frame = torch.where(other, config.other_weight * uniform, named)
    return (per_frame * weights).sum() / weights.sum().clamp_min(1.0)


@torch.inference_mode()
def dense_logits(
    model: ContinualModel, features: NDArray[np.float32], batch_size: int = 48
) -> NDArray[np.float32]:
    """Return the network's answer at every frame, (N, K, T), for features (N, 5, T, 13)."""
    parts = [
        model.forward_dense(torch.from_numpy(features[i : i + batch_size])).numpy()
        for i in range(0, len(features), batch_size)
    ]
    return np.concatenate(parts)
