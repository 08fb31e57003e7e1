# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Show the package at work: two processes, a video and a picture (`make demo`).

One process is the fused node, reading the rendered person (or any other source); the other
subscribes to /activity and prints what it hears. Both talk over DDS on this machine only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from picture import save_overview

ROOT = Path(__file__).resolve().parent.parent
LOADING_SEC = 120.0  # networks are loaded in seconds; a busy small machine takes longer
STOPPING_SEC = 20.0
DEMO_SEED = 9  # a script that shows seven activities in its first 23 s


def private_environment() -> dict[str, str]:
    """Return variables that keep the two processes to themselves.

    A domain that the user has set is kept: then `ros2 topic echo` elsewhere sees the demo.
    """
    return {
        "ROS_DOMAIN_ID": str(random.randint(1, 100)),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        **os.environ,
        "PYTHONUNBUFFERED": "1",
    }


def node_command(source: str, seconds: float, out: Path) -> list[str]:
    """Return the command line of the fused node."""
    parameters = {
        "camera": source,
        "duration_sec": seconds,
        "seed": DEMO_SEED,
        "record": str(out / "demo.mp4"),
        "timeline": str(out / "timeline.png"),
    }
    # JSON is YAML: a camera "0" stays a text, and a path may hold blanks.
    pairs = [f"{name}:={json.dumps(value)}" for name, value in parameters.items()]
    arguments = [word for pair in pairs for word in ("-p", pair)]
    return [sys.executable, "-m", "co_perception.nodes.perception_node", "--ros-args", *arguments]


def stop(process: subprocess.Popen[bytes]) -> int:
    """End a process as Ctrl-C does, and return its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(STOPPING_SEC)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def run(source: str, seconds: float, out: Path) -> int:
    """Run both processes and return the first exit status that is not zero."""
    environment = private_environment()
    out.mkdir(parents=True, exist_ok=True)
    results = [out / "demo.mp4", out / "timeline.png"]
    for path in results:
        path.unlink(missing_ok=True)
    print(f"ROS_DOMAIN_ID={environment['ROS_DOMAIN_ID']}, {seconds:.0f} s of {source}", flush=True)
    # Sessions of their own: a Ctrl-C at the terminal reaches only us, and we end them in order.
    options = {"env": environment, "cwd": ROOT, "start_new_session": True}
    printer = subprocess.Popen([sys.executable, "examples/print_activity.py"], **options)
    node = subprocess.Popen(node_command(source, seconds, out), **options)
    try:
        status = node.wait(LOADING_SEC + 3.0 * seconds)
    except KeyboardInterrupt:
        status = stop(node)
    except subprocess.TimeoutExpired:
        print(f"the node has not ended by itself after {seconds:.0f} s of images", file=sys.stderr)
        status = stop(node) or 1
    time.sleep(0.5)  # the last messages are still on their way to the printer
    heard = stop(printer)
    missing = [path for path in results if not path.is_file()]
    if not missing:
        results.append(out / "demo.jpg")
        save_overview(results[0], results[-1])
    for path in results:
        print(f"{'missing' if path in missing else 'wrote'}: {os.path.relpath(path)}")
    return status or heard or int(bool(missing))


def main() -> int:
    """Parse the command line and run the demo."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("source", nargs="?", default="demo", help="demo, a file, a camera, a URL")
    parser.add_argument("--seconds", type=float, default=23.5, help="image time to run for")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="folder of the results")
    options = parser.parse_args()
    return run(options.source, options.seconds, options.out.absolute())


if __name__ == "__main__":
    sys.exit(main())
