# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""`co-perception models table`: what every network costs, beside what was published about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from co_perception.engine.network_table import NetworkFacts

__all__ = ["print_table"]

_HEAD = ("network", "params", "clip", "step", "sees", "delay", "every", "state")
_PUBLISHED_HEAD = ("params", "clip", "step", "clip %", "step %")
_NEEDED_COLUMNS = 100
_LEGEND = (
    ("params", "trained numbers"),
    ("clip", 'multiply-adds of the clip network (the name without "co") for a clip of training'),
    ("step", "multiply-adds of one frame of one stream, the mean over a stride's period"),
    ("sees", "receptive field, frames; delay, frames; every, frames per answer"),
    ("state", "kept between frames for one stream, fp32; w64: with window=64"),
)
_PUBLISHED_LEGEND = (
    ("params", "millions"),
    (
        "clip, step",
        "1e9 multiply-adds as their authors count (skeletons: two persons, per answer)",
    ),
    ("clip %, step %", "accuracy of clip network and continual network: Kinetics-400, top-1;"),
    ("", "NTU RGB+D 60 joints, X-Sub/X-View; THUMOS14 mAP, ActivityNet/Kinetics features"),
)


def print_table(
    pattern: Annotated[
        str, typer.Argument(help="Shell pattern of names, such as 'cox3d*'.")
    ] = "*",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a Markdown table, as in docs/networks.md.")
    ] = False,
) -> None:
    """Print parameters, multiply-adds, delay and state of every network, and published figures."""
    from co_perception.cli.console import err, out, print_json
    from co_perception.errors import DependencyError

    try:
        from co_perception.engine.network_table import list_networks
    except ImportError as error:
        raise DependencyError(
            f"models table needs torch ({error}); install it with: pip install torch"
        ) from error
    with err.status("Counting ..."):
        networks = list_networks(pattern)
    if as_json:
        print_json([asdict(network) for network in networks])
        return
    rows = [(_own(network), _published(network)) for network in networks]
    if as_markdown:
        head = (*_HEAD, *(f"published {title}" for title in _PUBLISHED_HEAD))
        lines = [head, ("---", *("--:" for _ in head[1:])), *(own + more for own, more in rows)]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        out.print(text, highlight=False, markup=False, soft_wrap=True)
    elif out.width >= _NEEDED_COLUMNS:
        out.print(_table("", _HEAD + _PUBLISHED_HEAD, [own + more for own, more in rows]))
    else:
        head = (_HEAD[0], *_PUBLISHED_HEAD)
        out.print(_table("computed here", _HEAD, [own for own, _ in rows]))
        out.print(_table("published", head, [(own[0], *more) for own, more in rows]))
    if not as_markdown:
        out.print(_legend("Computed here", _LEGEND))
        out.print(_legend("Published, and not checked here: that needs the weights and the data",
                          _PUBLISHED_LEGEND))  # fmt: skip


def _table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Any:
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for i, name in enumerate(head):
        style = "cyan" if i >= len(_HEAD) else None
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=True, style=style)
    for row in rows:
        table.add_row(*row)
    return table


def _legend(title: str, lines: tuple[tuple[str, str], ...]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, show_header=False)
    for line in lines:
        table.add_row(*line)
    return table


def _own(network: NetworkFacts) -> tuple[str, ...]:
    return (
        _short_title(network),
        _scaled(network.parameters),
        _scaled(network.clip_macs),
        _scaled(network.step_macs),
        str(network.receptive_field),
        str(network.delay),
        str(network.time_stride),
        _scaled(network.state_bytes) + "B",
    )


def _published(network: NetworkFacts) -> tuple[str, ...]:
    found = network.published
    if found is None:
        return ("",) * len(_PUBLISHED_HEAD)
    counts = (found.parameters, found.clip_gmacs, found.step_gmacs)
    numbers = ("-" if count is None else f"{count:.3g}" for count in counts)
    return (*numbers, found.clip_accuracy or "-", found.step_accuracy or "-")


def _short_title(network: NetworkFacts) -> str:
    window = network.options.get("window")
    return network.name if window is None else f"{network.name} w{window}"


def _scaled(number: float) -> str:
    """Return a number with three digits and a letter for its thousands."""
    for letter in ("", "k", "M", "G"):
        if number < 999.5 or letter == "G":
            break
        number /= 1000
    return f"{number:.3g}{letter}"
