# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""Models by name."""

import json

import pytest
import torch

from co_perception.errors import ConfigError
from co_perception.models import create_model, list_models


def test_list_models_knows_the_small_model_and_filters():
    assert "co_st_gcn_small" in list_models()
    assert list_models("co_st_gcn_s*") == ["co_st_gcn_small"]
    assert list_models("nothing*") == []
    assert list_models() == sorted(list_models())


def test_unknown_names_and_options_list_the_known_ones():
    with pytest.raises(ConfigError, match=r"unknown model 'stgcn'; known models: .*co_st_gcn_sm"):
        create_model("stgcn", num_classes=3)
    with pytest.raises(ConfigError, match=r"unknown options \['width'\]; known: .*'widths'"):
        create_model("co_st_gcn_small", num_classes=3, width=3)
    with pytest.raises(ConfigError, match=r"options \['num_classes'\] have no default"):
        create_model("co_st_gcn_small")


def test_arguments_are_plain_and_make_the_model_again():
    model = create_model("co_st_gcn_small", num_classes=3, widths=(8, 16), dilations=(1, 2))
    arguments = json.loads(json.dumps(model.arguments))
    again = create_model(model.architecture, **arguments)
    assert again.arguments == model.arguments
    again.load_state_dict(model.state_dict())
    clip = torch.randn(2, 5, 9, 13)
    assert torch.equal(model.eval()(clip), again.eval()(clip))
