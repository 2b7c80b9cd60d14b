"""The light network, one by one and stacked: counts, equal outputs, equal training."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from harness.training import device, loop, metrics, optim
from papers.cells.child import mnist1d
from papers.cells.network import light
from papers.cells.network.fast import kernels
from papers.cells.network.fast.stack import Stack
from papers.cells.network.light import build_light
from papers.cells.space.classes import Graph, classes
from papers.cells.space.edge import T1, T2

SHORT = replace(mnist1d.RECIPE, steps=21)


@pytest.fixture(autouse=True)
def prepared() -> Iterator[None]:
    device.prepare("cpu")
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def signals() -> mnist1d.Signals:
    return mnist1d.Signals.load()


def codes(count: int, seed: int = 0) -> list[tuple[int, ...]]:
    stream = random.Random(seed)
    return [T2.random(stream) for _ in range(count)]


def test_parameters_follow_the_formula():
    for code in [*codes(20), (2,) * 6, (3,) * 6]:
        names = T2.names(code)
        expected = 386 + 1008 * names.count("c3") + 1648 * names.count("c5")
        assert metrics.parameters(build_light(T2, code, 0)) == expected
        assert light.parameters(T2, code) == expected
    assert light.parameters(T2, (2,) * 6) == 6434
    assert light.parameters(T2, (3,) * 6) == 10274


def test_multiply_adds_are_what_torch_counts_where_nothing_is_dead():
    for code in classes(T2).representatives[1::400]:
        network = build_light(T2, code, 0)
        counted = metrics.flops(lambda network=network: network(torch.randn(3, 40)))
        assert counted == 2 * 3 * light.macs(T2, code)


def test_members_of_a_class_cost_the_same():
    for members in classes(T1).members[::40]:
        live = [c for c in members if len(Graph(T1, c).live) == T1.names(c).count("c5")]
        assert len({light.macs(T1, code) for code in members}) == 1
        assert len({light.parameters(T1, code) for code in live}) <= 1


def test_a_dead_cell_gives_every_signal_the_same_logits():
    network = build_light(T2, (0,) * 6, 0)
    logits = network(torch.randn(5, 40))
    assert torch.equal(logits, logits[:1].expand(5, -1))


def test_isomorphic_cells_with_equal_weights_are_equal():
    """T8: nodes 1 and 2 change places, and their convolutions with them."""
    one = T2.code(("c3", "c5", "none", "c3", "skip", "avg"))
    other = T2.code(("c5", "c3", "none", "c3", "avg", "skip"))
    assert classes(T2).of(one) == classes(T2).of(other)
    networks = build_light(T2, one, 0), build_light(T2, other, 1)
    places = {"0": "1", "1": "0", "3": "3"}
    state = networks[0].state_dict()
    moved = {}
    for name, value in state.items():
        part, _, rest = name.partition(".operations.")
        if rest:
            edge, _, tail = rest.partition(".")
            name = f"{part}.operations.{places[edge]}.{tail}"
        moved[name] = value
    networks[1].load_state_dict(moved)
    x = torch.randn(4, 40)
    torch.testing.assert_close(networks[0](x), networks[1](x))


@pytest.mark.parametrize("training", [True, False])
def test_stacked_networks_compute_what_single_ones_do(double: None, training: bool):
    for seed in range(4):
        chosen = codes(6, seed)
        networks = [build_light(T2, code, n).train(training) for n, code in enumerate(chosen)]
        stack = Stack(networks).train(training)
        x = torch.randn(6, 40, 30)
        together = stack(x)
        for member, network in enumerate(networks):
            alone = network(x[member].T)
            torch.testing.assert_close(together[member].T, alone, rtol=1e-10, atol=1e-10)


@pytest.mark.slow
def test_stacked_training_equals_training_one_after_another(
    signals: mnist1d.Signals, double: None
):
    """T26: mixed cells and seeds, 20 steps; running statistics included."""
    chosen = [*codes(3, 5), T2.code(("c3", "c5", "c3", "c5", "c3", "c5"))]
    built = [build_light(T2, code, n) for n, code in enumerate(chosen)]
    stack = Stack(built)
    x = [torch.randn(20, 40, 50), torch.randint(10, (20, 50))]
    settings = (0.1, 0.9, 5e-4, True)
    optimizer = optim.unfused_sgd(stack.parameters(), *settings)
    for step in range(20):
        shared = x[0][step].expand(len(built), 40, 50)
        losses = mnist1d.cross_entropy(stack(shared), x[1][step].expand(len(built), 50))
        loop.descend(losses.sum(), optimizer)
    stack.eval()
    for member, network in enumerate(built):
        own = optim.unfused_sgd(network.parameters(), *settings)
        for step in range(20):
            loop.descend(cross_entropy(network(x[0][step].T), x[1][step]), own)
        network.eval()
        alone, together = network(x[0][0].T), stack(x[0][0])[member].T
        torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_what_a_child_becomes_does_not_depend_on_its_neighbours(signals: mnist1d.Signals):
    """Bit by bit: so a row of the table is replayed from (cell, seed) alone."""
    first, *others = [(code, seed) for seed, code in enumerate(codes(5, 3))]
    alone = mnist1d.train(T2, [first], signals, SHORT)[0]
    among = mnist1d.train(T2, [*others, first], signals, SHORT)[-1]
    assert replace(alone, seconds=0) == replace(among, seconds=0)


@pytest.mark.slow
def test_gradients_do_not_depend_on_the_order_of_a_stack():
    """Bit by bit: three gradients meet at a node, and floating-point sums have an order."""
    cell = T2.code(("avg", "c5", "skip", "skip", "c3", "c5"))
    others = [T2.code((name,) * 6) for name in ("skip", "avg", "c3", "c5")]
    x, y = torch.randn(40, 50), torch.randint(10, (50,))

    def gradients(stacked: list[tuple[int, ...]], member: int) -> list[torch.Tensor]:
        stack = Stack([build_light(T2, code, 0) for code in stacked])
        count = len(stacked)
        logits = stack(x.expand(count, 40, 50))
        mnist1d.cross_entropy(logits, y.expand(count, 50)).sum().backward()
        return [stack.stem.grad[member], stack.reduce.grad[member]]

    alone = gradients([cell], 0)
    for stacked in itertools.permutations([cell, *others], 3):
        if cell in stacked:
            among = gradients(list(stacked), stacked.index(cell))
            assert all(map(torch.equal, alone, among)), stacked


@pytest.mark.slow
def test_children_learn(signals: mnist1d.Signals):
    """The full recipe on two cells: a skip connection sees one position, convolutions many."""
    cells = [T2.code(("none",) * 3 + ("skip",) + ("none",) * 2), T2.code(("c5",) * 6)]
    skip, dense = mnist1d.train(T2, [(code, 0) for code in cells], signals)
    assert 0.35 < skip.test < 0.55
    assert dense.test > 0.9
    assert dense.val[0] < dense.val[2]
    assert dense.train_loss < 0.5


def test_test_data_stay_sealed(signals: mnist1d.Signals):
    with pytest.raises(AttributeError, match="sealed"):
        _ = signals.test.x  # type: ignore[attr-defined]
    child = mnist1d.train(T2, [((1,) * 6, 0)], signals, SHORT, test=False)[0]
    assert child.test != child.test


def test_parts_are_3000_1000_and_1000_rows_without_overlap(signals: mnist1d.Signals):
    sizes = [len(part.y) for part in (signals.train, signals.val, signals.test.open())]
    assert sizes == [3000, 1000, 1000]
    rows = torch.cat([signals.train.x, signals.val.x], 1).T
    assert len(torch.unique(rows, dim=0)) == 4000
    other = mnist1d.Signals.load(replace(mnist1d.RECIPE, split_seed=1))
    assert other.digest != signals.digest


def test_the_recipe_hash_tells_recipes_apart():
    assert mnist1d.RECIPE.digest == mnist1d.Recipe().digest != SHORT.digest


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_kernels_have_the_gradients_of_torchs_layers(double: None, kernel: int):
    x = torch.randn(2, 3, 7, 4, requires_grad=True)
    weight = torch.randn(2, 5, 3 * kernel, requires_grad=True)
    out = kernels.relu_convolve(x, weight, kernel)
    plain = torch.stack(
        [
            torch.nn.functional.conv1d(
                x[e].permute(2, 0, 1).relu(), weight[e].view(5, 3, kernel), padding=kernel // 2
            ).permute(1, 2, 0)
            for e in range(2)
        ]
    ).flatten(2)
    torch.testing.assert_close(out, plain)
    direction = torch.randn_like(out)
    ours = torch.autograd.grad(out, (x, weight), direction)
    theirs = torch.autograd.grad(plain, (x, weight), direction)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_averages_and_norms_have_the_gradients_of_torchs_layers(double: None):
    x = torch.randn(2, 3, 7, 4, requires_grad=True)
    out = kernels.average(x)
    pool = torch.nn.AvgPool1d(3, 1, 1, count_include_pad=False)
    plain = pool(x.permute(0, 3, 1, 2).flatten(0, 1)).view(2, 4, 3, 7).permute(0, 2, 3, 1)
    torch.testing.assert_close(out, plain)
    direction = torch.randn_like(out)
    torch.testing.assert_close(*(torch.autograd.grad(y, x, direction)[0] for y in (out, plain)))
    rows, weight = torch.randn(5, 30, requires_grad=True), torch.randn(5, requires_grad=True)
    bias = torch.randn(5, requires_grad=True)
    ours, mean, variance = kernels.normalise(rows, weight, bias)
    theirs = torch.nn.functional.batch_norm(rows[None], None, None, weight, bias, True)[0]
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(mean, rows.mean(1))
    torch.testing.assert_close(variance, rows.var(1, correction=0))
    direction = torch.randn_like(ours)
    both = [torch.autograd.grad(y, (rows, weight, bias), direction) for y in (ours, theirs)]
    for one, other in zip(*both, strict=True):
        torch.testing.assert_close(one, other)
