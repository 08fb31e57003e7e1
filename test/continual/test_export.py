# Copyright 2026 The co_perception authors
# SPDX-License-Identifier: Apache-2.0
"""A step compiles as one graph and goes through torch.export and ONNX with open batch size."""

from pathlib import Path

import pytest
import torch

from co_perception import continual as co

EXPORT_TOLERANCE = 1e-4  # relative, onnxruntime against torch

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning",  # inside torch.export
    "ignore:.*The axis name.*:UserWarning",  # inside torch.onnx: all inputs share the batch axis
)


def make_graph_network():
    """Make a network with every kind of temporal operator but strides."""
    torch.manual_seed(0)
    adjacency = co.graph_partitions(5, ((1, 0), (2, 1), (3, 1), (4, 3)))
    return co.Sequential(
        co.GraphConv(4, 6, adjacency, edge_importance="add"),
        co.BatchNorm(6),
        co.Conv2d(6, 6, (3, 1), padding=("causal", 0), dilation=(2, 1), fill="replicate"),
        co.ReLU(),
        co.Conv2d(6, 3, (3, 1), padding=(1, 0)),
        co.Residual(co.Conv2d(3, 3, (5, 1)), shrink="centred"),
        co.MaxPool2d((3, None), padding=(1, 0)),
        co.Lambda(lambda x: x.flatten(1), lambda x: x.squeeze(-1), lambda s: s[:1]),
        co.AvgPool1d(4, padding="causal", count_include_pad=False),
        co.Linear(3, 2),
    ).eval()


def make_strided_network():
    """Make a network with temporal strides, every phase computed and masked."""
    torch.manual_seed(0)
    return co.Sequential(
        co.Conv3d(2, 4, 3, stride=(2, 2, 1), padding=1, groups=2),
        co.Residual(
            co.Conv3d(4, 4, (3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0)),
            co.Conv3d(4, 4, 1, stride=(2, 1, 1)),
        ),
        co.AvgPool3d((2, None, None)),
    ).eval()


def make_recurrent_network():
    """Make a network with recurrences, and with what fills, adapts and normalises frames."""
    torch.manual_seed(0)
    return co.Sequential(
        co.AvgPool2d((3, 2), padding=(1, 0), fill="replicate"),
        co.GroupNorm(2, 4),
        co.AdaptiveMaxPool2d((1, 1), 3, padding="causal"),
        co.Lambda(lambda x: x.flatten(1), lambda x: x.squeeze(-1), lambda s: s[:1]),
        co.LSTM(4, 6),
        co.GLU(),
        co.RMSNorm(3),
        co.GRU(3, 4),
        co.Softmax(),
        co.RNN(4, 2, nonlinearity="relu"),
    ).eval()


def make_attention_network():
    """Make a deep encoder, masked while a stream is young; CoOadTR is exported as a model."""
    torch.manual_seed(0)
    return co.Sequential(
        co.Linear(4, 8),
        co.RecyclingPositionalEncoding(8, 5, learned=False),
        co.TransformerEncoder(3, 8, 2, 4, 12, activation="gelu", padding="causal"),
    ).eval()


def is_bright(frame):
    return frame.flatten(1).mean(1) > 0


def make_streams_network():
    """Make a network of streams side by side, with a choice per row and frames reshaped."""
    torch.manual_seed(0)
    return co.Sequential(
        co.Broadcast(2),
        co.Parallel(
            co.Conv2d(4, 4, (3, 1), padding=(1, 0)),
            co.Conditional(is_bright, co.Conv2d(4, 4, 3, padding=1), co.Constant(0.5)),
        ),
        co.ParallelDispatch([1, 0]),
        co.Reduce("max"),
        co.Permute(2, 1),
        co.Flatten(),
        co.Skip(2),
        co.Conv1d(20, 6, 3, stride=2, padding=1),
        co.Reshape(2, 3),
        co.Unflatten(2, (3, 1)),
    ).eval()


NETWORKS = [
    pytest.param(make_streams_network, (4, 5), id="streams"),
    pytest.param(make_graph_network, (4, 5), id="graph"),
    pytest.param(make_attention_network, (4,), id="attention"),
    pytest.param(make_recurrent_network, (4, 6), id="recurrent"),
    pytest.param(make_strided_network, (2, 6, 4), id="strided"),
]


def make_stream(net, shape, rows, seed=0):
    """Return frames and update masks over twice the receptive field."""
    generator = torch.Generator().manual_seed(seed)
    frames = 2 * net.receptive_field
    clip = torch.randn(rows, shape[0], frames, *shape[1:], generator=generator)
    return clip, torch.rand(rows, frames, generator=generator) < 0.8


@pytest.mark.parametrize(("make", "shape"), NETWORKS)
def test_step_compiles_as_one_graph(make, shape):
    net = make()
    clip, update = make_stream(net, shape, rows=3)
    compiled = torch.compile(net.forward_step, fullgraph=True, backend="eager")
    state = theirs = net.init_state(clip[:, :, 0])
    with torch.no_grad():
        for t in range(8):
            y, valid, state = net.forward_step(clip[:, :, t], state, update[:, t])
            z, also, theirs = compiled(clip[:, :, t], theirs, update[:, t])
            assert torch.equal(y, z)
            assert torch.equal(valid, also)
    torch.compiler.reset()


@pytest.mark.parametrize(("make", "shape"), NETWORKS)
def test_step_goes_through_torch_export(make, shape):
    net = make()
    frame = torch.zeros(1, *shape)
    flat = co.FlatStep(net, net.init_state(frame))
    program = flat.export(frame).module()
    for rows in (1, 5):
        clip, update = make_stream(net, shape, rows)
        ours = theirs = flat.example_inputs(clip[:, :, 0])[2:]
        with torch.no_grad():
            for t in range(clip.shape[2]):
                y, valid, *ours = flat(clip[:, :, t], update[:, t], *ours)
                z, also, *theirs = program(clip[:, :, t], update[:, t], *theirs)
                assert torch.equal(valid, also)
                assert torch.allclose(y, z, atol=1e-6)


@pytest.mark.parametrize(("make", "shape"), NETWORKS)
def test_onnx_step_equals_torch_from_the_first_frame(make, shape):
    pytest.importorskip("onnxscript", reason="ONNX export needs onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    net = make()
    frame = torch.zeros(1, *shape)
    flat = co.FlatStep(net, net.init_state(frame))
    content = co.to_onnx(net, frame, flat.template)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options)
    assert str(Path.home()).encode() not in content  # no names of the machine's files
    assert [i.name for i in session.get_inputs()] == flat.input_names()
    assert [o.name for o in session.get_outputs()] == flat.output_names()
    for rows in (1, 8):
        clip, update = make_stream(net, shape, rows)
        state = flat.example_inputs(clip[:, :, 0])[2:]
        theirs = [tensor.numpy() for tensor in state]
        outputs, answers = [], []
        for t in range(clip.shape[2]):
            with torch.no_grad():
                y, valid, *state = flat(clip[:, :, t], update[:, t], *state)
            feed = [clip[:, :, t].numpy(), update[:, t].numpy(), *theirs]
            z, also, *theirs = session.run(None, dict(zip(flat.input_names(), feed, strict=True)))
            assert also.tolist() == valid.tolist()
            outputs.append(y)
            answers.append(torch.from_numpy(z))
        ours = torch.stack(outputs)
        assert ours.abs().max() > 0
        difference = (torch.stack(answers) - ours).abs().max()
        assert difference <= EXPORT_TOLERANCE * ours.abs().max()


def test_graphs_of_a_phase_share_one_state():
    pytest.importorskip("onnxscript", reason="ONNX export needs onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    net = co.Sequential(co.Conv1d(4, 6, 3, stride=2, padding=1), co.ReLU(), co.Conv1d(6, 2, 2))
    clip = torch.randn(3, 4, 12)
    state = net.init_state(clip[:, :, 0])
    sessions = [
        onnxruntime.InferenceSession(co.to_onnx(net, clip[:, :, 0], state, phase=phase))
        for phase in range(net.time_stride)
    ]
    names = [entry.name for entry in sessions[0].get_inputs()]
    assert names == [entry.name for entry in sessions[1].get_inputs()]
    theirs = [leaf.numpy() for _, leaf in co.flatten_state(state)]
    for t, frame in enumerate(clip.unbind(2)):
        with torch.no_grad():
            y, valid, state = net.forward_step(frame, state)
        values = [frame.numpy(), torch.ones(3, dtype=torch.bool).numpy(), *theirs]
        session = sessions[t % net.time_stride]
        z, also, *theirs = session.run(None, dict(zip(names, values, strict=True)))
        assert also.tolist() == valid.tolist()
        assert torch.allclose(torch.from_numpy(z), y, atol=1e-5)


@torch.no_grad()
def test_peer_step_compiles_and_exports_here_but_not_there():
    """Defect 11 of continual-inference 1.2.4: control flow on tensors inside a step."""
    peer = pytest.importorskip("continual", reason="needs continual-inference")
    theirs, ours = peer.Conv1d(4, 6, 3).eval(), co.Conv1d(4, 6, 3).eval()
    frame = torch.randn(2, 4)
    for _ in range(4):  # the peer answers None at first
        theirs.forward_step(frame)

    compiled = torch.compile(theirs.forward_step, fullgraph=True, backend="eager")
    with pytest.raises(Exception, match="(?i)data-dependent|unsupported|graph break"):
        compiled(frame)
    state = ours.init_state(frame)
    compiled = torch.compile(ours.forward_step, fullgraph=True, backend="eager")
    assert torch.equal(compiled(frame, state)[0], ours.forward_step(frame, state)[0])
    torch.compiler.reset()

    class PeerStep(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = theirs

        def forward(self, x, *state):
            y, after = self.net._forward_step(x, state)
            return y, *after

    with pytest.raises(Exception, match="(?i)data-dependent|guard"):
        torch.export.export(PeerStep(), (frame, *theirs.get_state()))
    program = co.FlatStep(ours, state).export(frame)
    assert len(program.graph_signature.user_outputs) == 4  # output, valid, frames, window
