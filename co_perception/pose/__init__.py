# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""pose"""
