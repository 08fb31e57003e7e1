# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test folder may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Real data is no part of the project: tests that need it skip where it is absent.
DATA_VARIABLE = "CO_PERCEPTION_TEST_DATA"

# Test runs at the same time do not hear each other. Domains above 101 clash with ephemeral ports.
FIRST_DOMAIN = 20
DOMAINS = 80


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data (clips/ and skeletons/)."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{DATA_VARIABLE} is not set")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"{DATA_VARIABLE} names '{folder}', which is not a folder")
    return path


@pytest.fixture(scope="session")
def clips_dir(data_dir: Path) -> Path:
    """Folder of the real video clips."""
    return data_dir / "clips"


@pytest.fixture(scope="session")
def skeletons_dir(data_dir: Path) -> Path:
    """Folder of the recorded skeletons."""
    return data_dir / "skeletons"


@pytest.fixture(scope="session")
def scene_folder(tmp_path_factory) -> Path:
    """A model folder of a tiny CoX3D for whole images at 15 Hz, with random weights."""
    torch = pytest.importorskip("torch", reason="making a model folder needs torch")
    from co_perception.engine.model_input import ModelInput
    from co_perception.engine.save import save_model_folder
    from co_perception.models import create_model

    torch.manual_seed(7)
    model = create_model("cox3d_xs", num_classes=3, window=4, image_size=32, width=0.25)
    path = tmp_path_factory.mktemp("models") / "scenes"
    save_model_folder(
        path,
        model.eval(),
        name="scenes",
        labels=("cook", "sweep", "write"),
        model_input=ModelInput(
            "video", 3, height=32, width=32, short_side=36, mean=(0.45,) * 3, std=(0.225,) * 3
        ),
        min_evidence=0.5,
        thresholds={"enter": 0.0, "exit": 0.0, "min_hold_sec": 0.0},
        temperature=0.02,  # so that scores differ from frame to frame
        license="Apache-2.0",
        training_data=["none: random weights"],
        card="# scenes\n\nRandom weights, for tests.\n",
        expected_rate=15.0,
        quick=True,
    )
    return path


@pytest.fixture(scope="session")
def real_parts() -> None:
    """MediaPipe with its asset, and the model that ships: skip where one of them is missing."""
    pytest.importorskip("mediapipe", reason="mediapipe is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from co_perception.engine import find_model
    from co_perception.errors import CoPerceptionError
    from co_perception.pose.asset import find_pose_asset

    try:
        find_pose_asset()
        find_model()
    except CoPerceptionError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def ros_domain() -> Iterator[int]:
    """Domain id of this test run; the environment has it too, for nodes here and elsewhere."""
    domain = FIRST_DOMAIN + os.getpid() % DOMAINS
    settings = {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    if os.environ.get("ROS_DISTRO") == "humble":
        settings["ROS_LOCALHOST_ONLY"] = "1"  # what later distributions call the range
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield domain
