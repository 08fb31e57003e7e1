# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""The command `co-perception`: the only folder that prints and exits."""
