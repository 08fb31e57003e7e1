# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Write the parameters into config/*.yaml and docs/ros.md, so that they cannot drift apart.

`python -m co_perception.nodes.parameter_files .` rewrites them in the checkout given; a test
holds that the files are what this would write.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

from co_perception.nodes.parameter_tables import NODE_DESCRIPTIONS, NODE_PARAMETERS
from co_perception.nodes.parameters import ParameterSpec, Value

__all__ = ["config_name", "render_config", "render_tables", "write_files"]

_WIDTH = 99
_TABLES = re.compile(r"(<!-- parameters -->\n).*?(<!-- /parameters -->)", re.DOTALL)


def config_name(node: str) -> str:
    """Return the file name of a node's configuration: camera_node -> camera.yaml."""
    return node.removesuffix("_node") + ".yaml"


def render_config(node: str) -> str:
    """Return the YAML file with every parameter of a node at its default."""
    lines = [
        "# Copyright 2026 The co_perception authors",
        "# SPDX-License-Identifier: Apache-2.0",
        f"# {NODE_DESCRIPTIONS[node]}",
        "# Every parameter at its default. Launch arguments that are given win over this file;",
        "# use_sim_time comes from launch.",
        f"/**/{node}:",
        "  ros__parameters:",
    ]
    for spec in NODE_PARAMETERS[node]:
        lines += _comment(f"{spec.sentence}. May change {spec.change.value}.")
        lines.append(f"    {spec.name}: {_yaml(spec.default)}")
    return "\n".join(lines) + "\n"


def render_tables() -> str:
    """Return the parameter tables of the documentation, one for each node."""
    return "\n".join(_table(node) for node in NODE_PARAMETERS)


def write_files(root: Path) -> list[Path]:
    """Rewrite the configuration files and the tables of a checkout; return what was written."""
    written = []
    for node in NODE_PARAMETERS:
        path = root / "config" / config_name(node)
        path.write_text(render_config(node), encoding="utf-8")
        written.append(path)
    page = root / "docs" / "ros.md"
    text = _TABLES.sub(
        lambda found: found[1] + render_tables() + found[2], page.read_text(encoding="utf-8")
    )
    page.write_text(text, encoding="utf-8")
    return [*written, page]


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="    # ", subsequent_indent="    # ", break_on_hyphens=False
    )


def _yaml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _table(node: str) -> str:
    rows = [
        f"### {node}",
        "",
        "| parameter | type | default | meaning | may change |",
        "|---|---|---|---|---|",
        *(_row(spec) for spec in NODE_PARAMETERS[node]),
        "",
    ]
    return "\n".join(rows) + "\n"


def _row(spec: ParameterSpec) -> str:
    default = _yaml(spec.default)
    return (
        f"| `{spec.name}` | {spec.type_name} | `{default}` | {spec.sentence} "
        f"| {spec.change.value} |"
    )


if __name__ == "__main__":
    write_files(Path(sys.argv[1]))
