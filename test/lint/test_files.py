# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""What every file of the repository keeps to: headers, no traces of a machine, Unix lines."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    ".ci", "benchmarks", "co_perception", "config", "docs", "examples", "launch", "msg",
    "requirements", "scripts", "srv", "test", "tools",
)  # fmt: skip
TEXT = {".py", ".md", ".rst", ".toml", ".txt", ".yaml", ".yml", ".xml", ".msg", ".srv", ".cfg", ""}
HEADER = (
    "# Copyright 2026 The co_perception authors",
    "# SPDX-License-Identifier: Apache-2.0",
)
# Put together here so that this file does not contain what it looks for.
REGISTRY = "(?:" + "|".join(("py" + "pi", "python" + "hosted", "deb" + "ian", "ub" + "untu")) + ")"
TRACES = {
    "a package registry": re.compile(REGISTRY + r"\.(?:org|com)\b"),
    "a path of one machine": re.compile(
        r"(?<![\w.:~$}])/(?:" + "|".join(("tmp", "work", "root", "home", "opt(?!/ros)")) + r")/\w"
    ),
}


def list_files() -> Iterator[Path]:
    """Yield the text files that belong to the repository."""
    candidates = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        candidates += (ROOT / folder).rglob("*")
    for path in sorted(candidates):
        parts = path.relative_to(ROOT).parts
        generated = any(part == "__pycache__" or part.endswith("_cache") for part in parts)
        if path.is_file() and path.suffix in TEXT and not generated:
            yield path


def relative(paths: Iterable[Path]) -> list[str]:
    """Return the paths as a reader of the report knows them."""
    return [str(path.relative_to(ROOT)) for path in paths]


def has_header(path: Path) -> bool:
    """Tell whether a file starts with the two lines, after an interpreter line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    first = 1 if lines and lines[0].startswith("#!") else 0
    return tuple(lines[first : first + 2]) == HEADER


def test_code_starts_with_copyright_and_licence():
    code = [path for path in list_files() if path.suffix == ".py" or path.parent.name == "scripts"]
    assert len(code) > 100
    assert relative(path for path in code if not has_header(path)) == []


@pytest.mark.parametrize("what", TRACES)
def test_files_name_no_machine(what):
    pattern = TRACES[what]
    texts = {path: path.read_text(encoding="utf-8") for path in list_files()}
    assert relative(path for path, text in texts.items() if pattern.search(text)) == []


def test_files_have_unix_lines_and_end_with_one():
    contents = {path: path.read_bytes() for path in list_files()}
    assert relative(path for path, content in contents.items() if b"\r" in content) == []
    open_ended = (path for path, content in contents.items() if content and content[-1:] != b"\n")
    assert relative(open_ended) == []


def test_trace_patterns_find_what_they_should():
    machine, registry = TRACES["a path of one machine"], TRACES["a package registry"]
    assert machine.search("see /" + "work/main")
    assert machine.search("'/" + "tmp/x'")
    assert not machine.search("/opt/ros/jazzy")
    assert not machine.search("~/work/x and test/tmp/x")
    assert registry.search("https://" + "py" + "pi.org")
