# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Who takes part: models by folder or by name, on backends, at batch sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from co_perception.bench.contestant import Contestant
from co_perception.engine import ModelFolder, find_model
from co_perception.engine.backends import choose_backend
from co_perception.errors import ConfigError, WeightsError

__all__ = ["line_up", "make_random_folder", "resolve_folder"]

_TOLERANCE = {"fp32": 1e-4}
_REDUCED_TOLERANCE = 2e-2  # of the largest logit, in every reduced precision


def line_up(
    folders: Sequence[tuple[str, Path]],
    *,
    backends: Sequence[str],
    batches: Sequence[int],
    precisions: Sequence[str] = ("fp32",),
    device: str = "cpu",
) -> tuple[Contestant, ...]:
    """Return one contestant per model, batch size, backend and precision.

    Outputs and ratios are compared within a model and batch size, with the first backend given.

    Args:
        folders: Names for the table, with the model folders.
        backends: Names of backends; "auto" is resolved here.
        batches: Rows that step together.
        precisions: Of weights and states.
        device: Where.

    Raises:
        ConfigError: If a batch size is out of range, or a backend is unknown.
    """
    if not batches or min(batches) < 1:
        raise ConfigError(f"bench: expected batch sizes of 1 and more, got {list(batches)}")
    contestants = []
    for name, path in folders:
        folder = ModelFolder.load(path)
        chosen = dict.fromkeys(choose_backend(folder, backend)[0] for backend in backends)
        for batch in batches:
            for backend in chosen:
                for precision in precisions:
                    title = f"{name} {backend}{'' if precision == 'fp32' else ' ' + precision}"
                    contestants.append(
                        Contestant(
                            name=f"{title} x{batch}",
                            spec={
                                "folder": str(path.resolve()),
                                "backend": backend,
                                "batch": batch,
                                "precision": precision,
                                "device": device,
                            },
                            group=f"{name} x{batch}",
                            tolerance=_TOLERANCE.get(precision, _REDUCED_TOLERANCE),
                        )
                    )
    return tuple(contestants)


def resolve_folder(model: str, scratch: Path) -> Path:
    """Return a model's folder: by path, by the name of an installed one, or of random weights.

    Args:
        model: A path, a name of `co-perception models list`, or an architecture.
        scratch: Where a folder of random weights may be made.

    Raises:
        WeightsError: If it is none of them.
        DependencyError: If random weights are asked for and torch is missing.
    """
    try:
        return find_model(model)
    except WeightsError as error:
        try:
            from co_perception.models import list_models
        except ImportError:
            raise error from None
        if model not in list_models():
            raise WeightsError(
                f"{error}\nIt is no architecture either; known: {', '.join(list_models())}"
            ) from error
    return make_random_folder(model, scratch / model)


def make_random_folder(architecture: str, target: Path) -> Path:
    """Make a folder of an architecture with random weights: right for speed, for nothing else."""
    import torch

    from co_perception.engine.import_checkpoint import import_checkpoint
    from co_perception.models import create_model, save_weights

    torch.manual_seed(0)
    options = {"num_classes": 13} if architecture == "co_st_gcn_small" else {}
    model = create_model(architecture, **options)
    target.parent.mkdir(parents=True, exist_ok=True)
    weights = target.with_suffix(".safetensors")
    save_weights(model, weights)
    import_checkpoint(
        weights,
        target,
        name=target.name,
        license="none: random weights",
        architecture=architecture,
        options=options,
    )
    return target
