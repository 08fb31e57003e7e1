# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Who takes part: models by folder or by name, on backends, at batch sizes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from co_perception.bench.contestant import Contestant
from co_perception.engine import ModelFolder, find_model
from co_perception.engine.backends import choose_backend
from co_perception.errors import ConfigError, WeightsError

__all__ = ["line_up", "line_up_peers", "make_random_folder", "resolve_folder", "tolerance_of"]

_TOLERANCE = {"fp32": 1e-4}
_REDUCED_TOLERANCE = 2e-2  # of the logits' spread, in every reduced precision


def line_up(
    folders: Sequence[tuple[str, Path]],
    *,
    backends: Sequence[str],
    batches: Sequence[int],
    precisions: Sequence[str] = ("fp32",),
    device: str = "cpu",
    threads: int = 1,
) -> tuple[Contestant, ...]:
    """Return one contestant per model, batch size, backend and precision.

    Outputs and ratios are compared within a model and batch size, with the first backend given.

    Args:
        folders: Names for the table, with the model folders.
        backends: Names of backends; "auto" is resolved here, for each precision. One that lacks
            a precision takes part and fails, so that the others are measured.
        batches: Rows that step together.
        precisions: Of weights and states.
        device: Where.
        threads: Threads of one step.

    Raises:
        ConfigError: If a batch size is out of range, a backend is unknown, or there is no such
            device or precision for "auto" to choose for.
    """
    if not batches or min(batches) < 1:
        raise ConfigError(f"bench: expected batch sizes of 1 and more, got {list(batches)}")
    contestants = []
    loosest = tolerance_of(*precisions)  # the first may be the less precise one
    for name, path in folders:
        folder = ModelFolder.load(path)
        chosen = dict.fromkeys(
            (_resolve_backend(folder, backend, device, precision, threads), precision)
            for backend in backends
            for precision in precisions
        )
        for batch in batches:
            for backend, precision in chosen:
                words = [name, backend]
                words += [precision] * (precision != "fp32") + [device] * (device != "cpu")
                contestants.append(
                    Contestant(
                        name=f"{' '.join(words)} x{batch}",
                        spec={
                            "folder": str(path.resolve()),
                            "backend": backend,
                            "batch": batch,
                            "precision": precision,
                            "device": device,
                        },
                        group=f"{name} x{batch}",
                        tolerance=loosest,
                    )
                )
    return tuple(contestants)


def _resolve_backend(
    folder: ModelFolder, backend: str, device: str, precision: str, threads: int
) -> str:
    if backend != "auto":
        return choose_backend(folder, backend)[0]  # whether it is known; what it lacks is shown
    return choose_backend(folder, device=device, precision=precision, threads=threads)[0]


def line_up_peers(
    peers: Sequence[str], folders: Sequence[tuple[str, Path]], *, batches: Sequence[int]
) -> tuple[Contestant, ...]:
    """Return other people's networks beside the first model, one contestant per batch size.

    Args:
        peers: NAME=COMMAND each; the command starts a worker, see `bench.protocol`.
        folders: As for `line_up`.
        batches: Rows that step together.

    Raises:
        ConfigError: If a peer is not of that form.
    """
    model, path = folders[0]
    contestants = []
    for peer in peers:
        name, equals, line = peer.partition("=")
        command = tuple(shlex.split(line))
        if not (name and equals and command):
            raise ConfigError(
                f"bench: expected a peer as NAME=COMMAND, got {peer!r}; such as "
                "--peer 'mine=python my_worker.py'"
            )
        contestants += [
            Contestant(
                name=f"{name} x{batch}",
                spec={"folder": str(path.resolve()), "batch": batch},
                command=command,
                group=f"{model} x{batch}",
            )
            for batch in batches
        ]
    return tuple(contestants)


def tolerance_of(*precisions: str) -> float:
    """Return how far the outputs of contestants of these precisions may be apart."""
    return max(_TOLERANCE.get(precision, _REDUCED_TOLERANCE) for precision in precisions)


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
        quick=True,  # tests prove every architecture's export
    )
    return target
