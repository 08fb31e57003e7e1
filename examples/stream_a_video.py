# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Send a video through a CoX3D frame by frame.

    python examples/stream_a_video.py                        # the rendered person
    python examples/stream_a_video.py clip.mp4 --weights x3d_s.pyth --steps 200

Without weights the scores are those of a network that never learned: what shows is how a stream
goes, not what is seen. Needs torch and OpenCV.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from co_perception import continual as co
from co_perception.camera import Frame, FrameSource, open_source
from co_perception.models import create_model, list_models

MEAN, DEVIATION = 0.45, 0.225  # of the pixels that X3D was trained on, 0..1


def at_rate(source: FrameSource, rate: float) -> Iterator[Frame]:
    """Yield the frames of a source that a model of a lower rate (Hz) takes, by their stamps."""
    period_ns, due_ns = 1e9 / rate, None
    for frame in source:
        if due_ns is None or frame.stamp_ns >= due_ns - 0.1 * period_ns:
            due_ns = frame.stamp_ns + period_ns
            yield frame


def to_input(frame: Frame, side: int) -> Tensor:
    """Return the middle square of an image as the network wants it, (1, 3, side, side)."""
    image = torch.from_numpy(frame.image).flip(2).permute(2, 0, 1).unsqueeze(0)  # BGR to RGB
    size = min(image.shape[2:])
    top, left = ((length - size) // 2 for length in image.shape[2:])
    square = image[:, :, top : top + size, left : left + size].float() / 255.0
    small = functional.interpolate(square, (side, side), mode="area")
    return (small - MEAN) / DEVIATION


@torch.inference_mode()
def main() -> None:
    """Step through a video and print what comes out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", nargs="?", default="demo", help="video, camera or 'demo'")
    parser.add_argument("--model", default="cox3d_s", choices=list_models("cox3d_*"))
    parser.add_argument("--weights", help="checkpoint of SlowFast, pytorchvideo or co3d")
    parser.add_argument("--steps", type=int, default=45, help="frames to show the network")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = create_model(options.model).eval()
    spec = model.spec
    if options.weights:
        print(model.load_checkpoint(options.weights))
    else:
        print("random weights: the class numbers mean nothing")
    print(
        f"{options.model}: {spec.expected_rate:g} frames per second, receptive field "
        f"{spec.receptive_field} frames, delay {spec.delay} frames"
    )
    state = model.init_state()
    with open_source(options.source, rate=spec.expected_rate, real_time=False) as source:
        for t, frame in zip(range(options.steps), at_rate(source, spec.expected_rate)):
            start = time.perf_counter()
            logits, valid, state = model.forward_step(to_input(frame, spec.step_shape[1]), state)
            spent_ms = 1e3 * (time.perf_counter() - start)
            if t % 5 == 4:
                answer = f"class {int(logits.argmax()):3}" if valid else "no answer"
                warm = float(co.warm_share(state))
                print(f"frame {t:3}  {answer:9}  warm {warm:4.0%}  {spent_ms:4.0f} ms")


if __name__ == "__main__":
    main()
