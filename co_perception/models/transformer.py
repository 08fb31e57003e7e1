# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""CoOadTR: online action detection by a transformer encoder over a stream of features.

A linear map of the features, a recycling positional encoding, an encoder of `depth` blocks over
the last n tokens, layer normalisation and a linear classifier of the newest token. The published
networks have one and two blocks; any other number is computed as exactly.

Source: Hedegaard et al., Continual Transformers: Redundancy-Free Attention for Online Inference
(2023), section 4.1, and the widths and options of its public code, CoOadTR. Audio-visual input is
not there: concatenate the features yourself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Literal, get_args

from torch import Tensor

from co_perception import continual as co
from co_perception.continual.attention_base import WindowPadding
from co_perception.errors import ConfigError
from co_perception.models.base import ContinualModel
from co_perception.models.registry import register_model

__all__ = ["OadTr", "co_oadtr_b1", "co_oadtr_b2", "oadtr_b1", "oadtr_b2"]

Position = Literal["learned", "fixed"]

_WIDTH = 1024
_HEADS = 8
_WINDOW = 64
_CLASSES = 22  # THUMOS14: 20 actions, background, ambiguous
_INPUT_DIM = 3072  # two-stream TSN features by a network trained on ActivityNet; Kinetics: 4096
_FEATURE_RATE = 4.0  # Hz: video at 24 frames per second, one feature per 6 frames


class OadTr(co.Sequential):
    """The network, whose clips may begin anywhere in a stream.

    Args:
        embed: Features to tokens.
        position: Positional encoding of the tokens.
        layers: What follows, by name.
    """

    def __init__(
        self,
        embed: co.Linear,
        position: co.RecyclingPositionalEncoding,
        layers: OrderedDict[str, co.ContinualModule],
    ) -> None:
        super().__init__(OrderedDict(embed=embed, position=position, **layers))
        self.num_embeds = position.num_embeds

    def forward(self, x: Tensor, start_index: int | Tensor = 0) -> Tensor:
        """Compute a clip.

        Args:
            x: Features (B, D_in, T).
            start_index: Number of the clip's first frame in its stream, modulo `num_embeds`; one
                for all rows, or (B,) int64.
        Returns:
            (B, num_classes, T_out).
        """
        for name, child in self.children_by_name():
            x = child(x, start_index) if name == "position" else child(x)
        return x


def _build(
    name: str,
    *,
    num_classes: int,
    input_dim: int,
    window: int,
    depth: int,
    position: Position,
    num_embeds: int | None,
    padding: WindowPadding,
    dropout: float,
    width: float,
    expected_rate: float,
) -> ContinualModel:
    arguments: dict[str, Any] = {
        "num_classes": num_classes,
        "input_dim": input_dim,
        "window": window,
        "depth": depth,
        "position": position,
        "num_embeds": 2 * window - 1 if num_embeds is None else num_embeds,
        "padding": padding,
        "dropout": dropout,
        "width": width,
        "expected_rate": expected_rate,
    }
    _check(name, arguments)
    channels = _HEADS * max(1, round(_WIDTH * width / _HEADS))
    encoder = co.TransformerEncoder(
        depth,
        channels,
        _HEADS,
        window,
        dim_feedforward=channels,
        dropout=dropout,
        activation="gelu",
        attention_bias=False,
        padding=padding,
    )
    network = OadTr(
        co.Linear(input_dim, channels),
        co.RecyclingPositionalEncoding(channels, arguments["num_embeds"], position == "learned"),
        OrderedDict(
            dropout=co.Dropout(dropout),
            encoder=encoder,
            norm=co.LayerNorm(channels),
            classifier=co.Linear(channels, num_classes),
        ),
    )
    return ContinualModel(
        network,
        architecture=name,
        arguments=arguments,
        input_kind="features",
        step_shape=(input_dim,),
        expected_rate=expected_rate,
    )


def _check(name: str, arguments: dict[str, Any]) -> None:
    counts = ("num_classes", "input_dim", "depth")
    if min(arguments[key] for key in counts) < 1 or arguments["window"] < 2:
        raise ConfigError(
            f"{name}: {', '.join(counts)} must be at least 1 and window at least 2, got "
            f"{arguments}"
        )
    if arguments["num_embeds"] < arguments["window"]:
        raise ConfigError(
            f"{name}: num_embeds must be at least the window, {arguments['window']}, lest two "
            f"tokens of it share an encoding, got {arguments['num_embeds']}"
        )
    if arguments["position"] not in get_args(Position):
        raise ConfigError(
            f"{name}: position must be one of {sorted(get_args(Position))}, got "
            f"{arguments['position']!r}"
        )
    if not (0.0 <= arguments["dropout"] < 1.0 and arguments["width"] > 0):
        raise ConfigError(f"{name}: dropout must be in 0..1 and width above 0, got {arguments}")
    if arguments["expected_rate"] <= 0:
        raise ConfigError(f"{name}: expected_rate must be above 0 Hz, got {arguments}")


def _builder(name: str, default_depth: int, title: str) -> Callable[..., ContinualModel]:
    """Return the builder of one name; they differ in the default depth only."""

    def build(
        *,
        num_classes: int = _CLASSES,
        input_dim: int = _INPUT_DIM,
        window: int = _WINDOW,
        depth: int = default_depth,
        position: Position = "learned",
        num_embeds: int | None = None,
        padding: WindowPadding = 0,
        dropout: float = 0.1,
        width: float = 1.0,
        expected_rate: float = _FEATURE_RATE,
    ) -> ContinualModel:
        return _build(
            name,
            num_classes=num_classes,
            input_dim=input_dim,
            window=window,
            depth=depth,
            position=position,
            num_embeds=num_embeds,
            padding=padding,
            dropout=dropout,
            width=width,
            expected_rate=expected_rate,
        )

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"""Make {title}: an action per feature vector of a stream, from the last n.

    Clips are (B, input_dim, T), steps (B, input_dim). A clip takes `start_index`, its first
    frame's number in the stream; draw it at random in training.

    Args:
        num_classes: K.
        input_dim: Channels of the features; 3072 for the published ActivityNet ones, 4096 for
            those of Kinetics.
        window: n, feature vectors that attend to each other; 16 s at the default rate.
        depth: Blocks of the encoder; {default_depth} by default.
        position: "learned" or "fixed" encodings of position.
        num_embeds: Encodings before they come again, at least n; 2 n - 1 by default.
        padding: 0: answers begin with frame n, as published. "causal": with the first frame, from
            the frames that are there.
        dropout: Share put to zero in training, 0..1.
        width: Scales the channels, 1024 at 1.0, to a multiple of the 8 heads.
        expected_rate: Feature vectors per second that it is trained for, Hz.
    Raises:
        ConfigError: If an option is out of range.
    """
    return register_model(build)


co_oadtr_b1 = _builder("co_oadtr_b1", 1, "CoOadTR-b1")
co_oadtr_b2 = _builder("co_oadtr_b2", 2, "CoOadTR-b2")
oadtr_b1 = _builder("oadtr_b1", 1, "the clip network of CoOadTR-b1")
oadtr_b2 = _builder("oadtr_b2", 2, "the clip network of CoOadTR-b2")
