# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Step graphs made for speed: how they are made of a network, and how they are run.

    fuse -> lower (lower_*) -> build       torch and onnx: from a network to step.onnx
    blocked                                onnx: in the layout of onnxruntime's convolutions
    plan, rings, lane                      numpy: buffers, and rows that step together
    ort_executor, ort_prepare              onnxruntime
    openvino_executor                      OpenVINO
    native_program, native_executor        this package's kernels (native/)

Nothing is imported here, so that running needs neither torch nor onnx.
"""
