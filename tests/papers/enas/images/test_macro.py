"""The macro supernet: a path is the stand-alone network, with a merge in every layer but one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import torch

from harness.paper import Refused
from papers.cells.space.published import MACRO_OPS, Macro
from papers.enas.images.macro import MacroSupernet

pytestmark = pytest.mark.usefixtures("double", "one_thread")
LAYERS = 6


def drawn(seed: int, layers: int = LAYERS) -> Macro:
    stream = Random(seed)
    ops = tuple(stream.randrange(len(MACRO_OPS)) for _ in range(layers))
    skips = tuple(tuple(stream.random() < 0.5 for _ in range(layer)) for layer in range(layers))
    return Macro(ops, skips, "drawn")


@pytest.fixture
def supernet() -> MacroSupernet:
    return MacroSupernet(LAYERS, 4)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(4, 3, 9, 10, generator=torch.Generator().manual_seed(0))


def test_a_path_is_the_stand_alone_network_with_the_same_weights(supernet, x):
    every = Macro((0, 1, 2, 3, 4, 5), tuple((True,) * layer for layer in range(LAYERS)), "all")
    bare = replace(every, skips=tuple((False,) * layer for layer in range(LAYERS)))
    networks = [every, bare, *(drawn(seed) for seed in range(4))]
    said = [supernet(x, network) for network in networks]
    for network, logits in zip(networks, said, strict=True):
        torch.testing.assert_close(supernet.child(network)(x), logits, rtol=1e-9, atol=1e-9)
    assert all(not torch.allclose(one, said[0]) for one in said[1:])


def test_every_operation_gives_another_output(supernet, x):
    """The release's macro search may run the last operation whichever is chosen (T6)."""
    base = drawn(1)
    said = [
        supernet(x, replace(base, ops=(*base.ops[:2], op, *base.ops[3:])))
        for op in range(len(MACRO_OPS))
    ]
    assert all(not torch.allclose(one, other) for k, one in enumerate(said) for other in said[:k])


def test_the_merge_stands_in_every_layer_but_the_first_also_without_skips(supernet, x):
    bare = Macro((0,) * LAYERS, tuple((False,) * layer for layer in range(LAYERS)), "chain")
    supernet(x, bare).sum().backward()
    used = {n for n, w in supernet.named_parameters() if w.grad is not None and "merges" in n}
    assert used == {f"merges.{k}.whole.1.weight" for k in range(LAYERS - 1)}
    for k, merge in enumerate(supernet.merges, start=1):
        gradient = merge.whole[1].weight.grad.flatten(1).unflatten(1, (k + 1, -1))
        assert gradient[:, :k].abs().sum() == 0  # no tensor but the layer's own output
        assert gradient[:, k].abs().sum() > 0


def test_bit_zero_is_the_stem_and_bit_i_the_layer_before(supernet, x):
    """A skip's block has a gradient; those of tensors that are not joined have none (T9)."""
    bits = ("", "1", "01", "100", "0000", "00101")
    skips = tuple(tuple(bit == "1" for bit in own) for own in bits)
    network = replace(drawn(2), skips=skips)
    supernet(x, network).square().sum().backward()
    for number, bits in enumerate(network.skips[1:], start=1):
        weight = supernet.merges[number - 1].whole[1].weight
        own = weight.grad.flatten(1).unflatten(1, (number + 1, -1)).abs().sum((0, 2)) > 0
        assert own.tolist() == [*bits, True]


def test_what_a_path_does_not_run_changes_nothing(supernet, x):
    network = drawn(3)
    before = supernet(x, network)
    with torch.no_grad():
        for number, layer in enumerate(supernet.layers):
            for op, module in enumerate(layer):
                if op != network.ops[number]:
                    for weight in module.parameters():
                        weight.add_(1)
    assert torch.equal(supernet(x, network), before)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda net, x: MacroSupernet(2, 4), "layers=2: a macro network has 3 layers or more"),
        (lambda net, x: net(x, drawn(0, 5)), r"layer l of 6 has l skip bits"),
        (
            lambda net, x: net(x, replace(drawn(0), skips=((), (), (), (), (), ()))),
            r"skips=\[0, 0, 0, 0, 0, 0\]: layer l of 6 has l skip bits",
        ),
        (lambda net, x: net(x, replace(drawn(0), ops=(0, 1, 2, 3, 4, 6))), "operation 6"),
    ],
)
def test_networks_of_another_kind_are_refused(supernet, x, make, told):
    with pytest.raises(Refused, match=told):
        make(supernet, x)
