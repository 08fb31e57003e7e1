# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Continual activity perception: camera -> pose -> what each person is doing, frame by frame."""

import pkgutil

# The generated messages (`co_perception.msg`, `co_perception.srv`) live in the install prefix:
# without this a checkout on the path would hide them.
__path__ = pkgutil.extend_path(__path__, __name__)

__version__ = "0.1.0"
