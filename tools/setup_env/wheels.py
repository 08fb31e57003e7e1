# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Install wheels with pip: say first how much will be downloaded, then show how far it is."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import tempfile
import urllib.request
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import environment
from report import Progress, SetupError, say

__all__ = ["ensure_wheels"]

# Pure Python, some as sources: built with the setuptools that is there, nothing fetched for it.
AS_LISTED = ("--no-deps", "--no-build-isolation")
PIP = "pip==26.3"  # older ones neither report what they would do nor how far they are
MB = 1e6
ADVICE = (
    "see pip's lines above. If the registry could not be reached: is there a network? pip's own "
    "settings (proxy, index, certificates) are used, what was downloaded is kept; then run the "
    "same command again"
)


class Plan(NamedTuple):
    """What pip would install: number of packages, bytes, and the largest file."""

    packages: int
    size: int
    largest: str


def ensure_wheels(venv: Path, target: str, ros: str, requirements: Path) -> None:
    """Install the requirements of `target` ("demo" or "test") and the ROS wheels.

    Raises:
        SetupError: If pip fails.
    """
    files = [requirements / f"ros-{ros}.txt", requirements / "demo.txt"]
    constraints = requirements / "constraints.txt"
    inputs = {"demo": environment.digest([PIP, *files, constraints])}
    tests, peers = requirements / "test.txt", requirements / "peers.txt"
    inputs["test"] = environment.digest([inputs["demo"], *AS_LISTED, tests, peers])
    done = [name for name in inputs if environment.is_stamped(venv, name, inputs[name])]
    if target in done or "test" in done:
        return
    _upgrade_pip(venv)
    lists = ["-r", str(files[0]), "-r", str(requirements / f"{target}.txt")]
    _ensure(venv, [*lists, "-c", str(constraints)])
    if target == "test":
        _ensure(venv, [*AS_LISTED, "-r", str(peers)])
    environment.stamp(venv, target, inputs[target])


def _ensure(venv: Path, options: list[str]) -> None:
    """Install what is missing, and say first how much that is.

    Raises:
        SetupError: If pip fails.
    """
    plan = _make_plan(venv, options)
    if plan.packages:
        say(
            f"downloading {plan.size / MB:.0f} MB in {plan.packages} packages "
            f"(the largest: {plan.largest}), less where pip has them in its cache"
        )
        _install(venv, options, plan.size)


def _pip(venv: Path, *arguments: str) -> list[str]:
    return [environment.python_of(venv), "-m", "pip", "--no-input", *arguments]


def _upgrade_pip(venv: Path) -> None:
    command = _pip(venv, "install", "-q", "--disable-pip-version-check", "--retries=2", PIP)
    if subprocess.run(command, env=environment.run_environment(venv)).returncode:
        raise SetupError(f"{PIP} could not be had from the package registry", ADVICE)


def _make_plan(venv: Path, options: list[str]) -> Plan:
    """Ask pip what it would do, and the servers how large that is.

    Raises:
        SetupError: If pip finds no solution.
    """
    say("asking the registry what is needed ...")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = _pip(venv, "install", "-q", "--dry-run", "--report", str(report), *options)
        if subprocess.run(command, env=environment.run_environment(venv)).returncode:
            raise SetupError("pip cannot install the requirements", ADVICE)
        items = json.loads(report.read_text())["install"]
    urls = [item["download_info"]["url"] for item in items]
    with ThreadPoolExecutor(16) as pool:
        sizes = dict(zip(urls, pool.map(_size_of, urls)))
    largest = max(urls, key=lambda url: sizes[url], default="")
    text = f"{_file_name(largest).split('-')[0]}, {sizes.get(largest, 0) / MB:.0f} MB"
    return Plan(len(urls), sum(sizes.values()), text)


def _file_name(url: str) -> str:
    return urllib.request.url2pathname(url).rsplit("/", 1)[-1]


def _size_of(url: str) -> int:
    """Return the size of a file in bytes; 0 where the server does not tell."""
    bundle = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=bundle)
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return int(answer.headers.get("Content-Length", 0))
    except (OSError, ValueError):
        return 0


class _Download:
    """Follow pip's output: which file it is at, and how many bytes have come in all."""

    FILE = re.compile(r"\s*(?:Downloading|Using cached|Processing) (\S+)(?: \(([\d.]+) (\w+)\))?")
    BYTES = re.compile(r"Progress (\d+) of (\d+)")
    UNITS = {"bytes": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}  # noqa: RUF012 (a constant)

    def __init__(self) -> None:
        self.name = ""
        self._before = 0.0
        self._size = 0.0
        self._current = 0.0

    @property
    def received(self) -> float:
        """Bytes so far."""
        return self._before + self._current

    def read(self, line: str) -> bool:
        """Take one line of pip's output; return whether it told of progress."""
        if match := self.BYTES.match(line):
            self._current = float(match[1])
            return True
        if match := self.FILE.match(line):
            self._before += max(self._size, self._current)
            self._size = float(match[2] or 0) * self.UNITS.get(match[3] or "", 0.0)
            self._current = 0.0
            self.name = _file_name(match[1])
            return True
        return False


def _install(venv: Path, options: list[str], size: int) -> None:
    """Run pip and show its progress.

    Raises:
        SetupError: If pip fails; its last lines are shown.
    """
    progress = Progress("downloading and installing")
    download = _Download()
    last: deque[str] = deque(maxlen=15)
    command = _pip(venv, "install", "--progress-bar=raw", *options)
    variables = environment.run_environment(venv) | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            if download.read(line):
                text = f"{download.received / MB:.0f} of {size / MB:.0f} MB  {download.name}"
                progress.show(download.received / max(size, 1), text)
                continue
            last.append(line)
            if line.startswith("Installing collected packages"):
                progress.close()
                say(f"installing {line.count(',') + 1} packages (a minute, no output) ...")
    progress.close()
    if process.returncode:
        print("".join(last))
        raise SetupError("pip failed", ADVICE)
