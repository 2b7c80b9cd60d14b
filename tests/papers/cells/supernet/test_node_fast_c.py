"""Compiled kernels: each function against float64, whole passes against the torch form."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from harness.paper import Refused
from harness.training import compiler
from papers.cells.network.fast.depthwise import Window
from papers.cells.network.operations import Place, build
from papers.cells.supernet import node_fast
from papers.cells.supernet.layouts import ImageLayout
from papers.cells.supernet.node import Design
from papers.cells.supernet.node_fast import Active, FastSupernet
from papers.cells.supernet.node_fast_c import form, functions
from tests.lab.compilers import needs_compiler
from tests.lab.supernets import SIGNALS, SMALL, VARIED, alphas, images, supernet

pytestmark = [needs_compiler, pytest.mark.usefixtures("one_thread")]

ALL = ("sep_conv_3x3", "dil_conv_5x5", "sep_conv_5x5", "dil_conv_3x3", "sep_conv_7x7")
GRIDS = {
    "images": (2, 6, 7),
    "odd images": (3, 9, 5),
    "signals": (4, 13, 1),
    "columns": (9, 5, 1),
    "tiny": (9, 3, 2),
}


def normal(*size, seed=0):
    """Return numbers that both precisions have."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed)).double()


def single(tensors):
    return [tensor.detach().float().requires_grad_() for tensor in tensors]


def assert_same(exact, found, inputs, others, tolerance=1e-6):
    """Compare results, and the gradients of some sum of them, relative to the largest of each."""
    slopes = [normal(*each.shape, seed=7 + place) for place, each in enumerate(exact)]
    own = torch.autograd.grad(
        sum((e * s).sum() for e, s in zip(exact, slopes, strict=True)), inputs, allow_unused=True
    )
    theirs = torch.autograd.grad(
        sum((f * s.float()).sum() for f, s in zip(found, slopes, strict=True)), others,
        allow_unused=True,
    )  # fmt: skip
    scale = max(float(g.abs().max()) for g in own if g is not None)
    for one, other in zip([*exact, *own], [*found, *theirs], strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            largest = max(float(one.detach().abs().max()), 1e-3 * scale)
            assert float((one - other).detach().abs().max()) <= tolerance * largest


def leaving(channels, names, stride, dim, weighted):
    """Return a node's operations in both precisions, with all that has a gradient."""
    torch.manual_seed(4)
    place = Place(channels, stride, dim, affine=False, pooled_norm=True, tracked=False)
    modules = nn.ModuleList([build(name, place) for name in names]).double()
    shares = normal(len(names)).float().softmax(0).double().requires_grad_()
    copies = nn.ModuleList([build(name, place) for name in names])
    copies.load_state_dict(modules.state_dict())
    (own,) = single([shares])
    both = []
    for group, weights in ((modules, shares), (copies, own)):
        active = [
            Active(k, name, module, weights[k] if weighted else None)
            for k, (name, module) in enumerate(zip(names, group, strict=True))
        ]
        both.append((active, [*group.parameters(), *([weights] if weighted else [])]))
    return both


@pytest.mark.parametrize("channels", [4, 12, 16])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("stride", [1, 2])
def test_what_leaves_a_node_is_that_of_double_precision(channels, grid, stride):
    # what goes through one stage; then all, where the second of two divides by the first
    assert_leaving(
        channels, ("dil_conv_3x3", "dil_conv_5x5", *node_fast.POOLS), grid, stride, 1e-6
    )
    assert_leaving(channels, (*ALL, *node_fast.POOLS, "skip_connect"), grid, stride, 1e-5)


def assert_leaving(channels, names, grid, stride, tolerance):
    (n, h, w), dim = grid, 1 if grid == GRIDS["signals"] else 2
    (exact, inputs), (active, others) = leaving(channels, names, stride, dim, channels != 12)
    x = normal(n * h * w, channels).requires_grad_()
    (own,) = single([x])
    steps = (stride, stride if dim == 2 else 1)
    expected = node_fast.leave(ImageLayout(x, grid, dim, steps), exact)
    found = node_fast.leave(form.Layout(own, grid, dim, steps), active)
    assert len(expected) == len(found) == len(names)
    pairs = [
        [t for a in sorted(each, key=lambda a: a.target) for t in (a.value, a.linear)]
        for each in (expected, found)
    ]
    assert_same(*pairs, [x, *inputs], [own, *others], tolerance)


@pytest.mark.parametrize("channels", [4, 8, 24])
def test_a_node_is_that_of_double_precision(channels):
    rows, widths = 700, [channels, 0, 2 * channels, channels, 0]
    values = [normal(rows, wide or channels, seed=k) for k, wide in enumerate(widths)]
    maps = [
        normal(*((channels, wide) if wide else (channels,)), seed=9 + k)
        for k, wide in enumerate(widths)
    ]
    inputs = [tensor.requires_grad_() for tensor in (*values, *maps)]
    others = single(inputs)
    expected = ImageLayout.gather(inputs[:5], inputs[5:])
    assert_same([expected], [functions.Node.apply(*others)], inputs, others)


@pytest.mark.parametrize("channels", [4, 16])
def test_a_mix_is_that_of_double_precision(channels):
    values = [normal(900, channels, seed=k) for k in range(3)]
    maps = [normal(channels, channels, seed=5 + k) for k in range(3)]
    inputs = [tensor.requires_grad_() for tensor in (*values, *maps)]
    others = single(inputs)
    expected = torch.stack([(d @ p.T).relu() for d, p in zip(values, maps, strict=True)])
    assert_same([expected], [functions.Mix.apply(*others)], inputs, others)


@pytest.mark.parametrize(("found", "widest"), [("AVX512", 16), ("AVX2", 8), ("DEFAULT", 8)])
def test_vectors_are_those_of_the_instruction_set_that_torch_runs_with(found, widest, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: found)
    assert max(functions.widths()) == widest
    assert min(functions.widths()) == form.NARROWEST


def test_what_is_no_number_stays_so():
    x = normal(60, 8).float()
    x[7] = math.nan
    given = (Window((3, 1), (1, 1), (1, 0), (1, 1)),)
    products, value = functions.Stage.apply((2, 30, 1), given, x, None, torch.ones(8, 1, 3, 1))
    assert products.isnan().all()
    assert value.isnan().all()
    mixed = functions.Mix.apply(x, torch.eye(8))[0]
    assert torch.equal(mixed.isnan(), x.isnan())


# -- threads --------------------------------------------------------------------------------------

THREADS = (1, 2, 3, 8, 11)  # rows are cut into eight parts at most


def results(name, channels):
    """Return what a function gives on rows for all eight parts, and its gradients."""
    grid = (11, 16, 17)
    x = normal(math.prod(grid), channels).float().requires_grad_()
    square = [normal(channels, channels, seed=k).float().requires_grad_() for k in range(3)]
    row = normal(channels, seed=4).float().requires_grad_()
    if name == "node":
        inputs = [x, x.detach().cos().requires_grad_(), *square[:1], row]
        found = [functions.Node.apply(*inputs)]
    elif name == "mix":
        inputs = [x, x.detach().cos().requires_grad_(), *square[:2]]
        found = [functions.Mix.apply(*inputs)]
    else:
        sizes = ((3, 1, 1), (5, 4, 2), (7, 3, 1))
        step = 2 if name == "strided stage" else 1
        given = tuple(Window((k, k), (step, step), (p, p), (d, d)) for k, p, d in sizes)
        kernels = [normal(channels, 1, k, k, seed=k).float().requires_grad_() for k, _, _ in sizes]
        factors = normal(3, channels, seed=8).float().requires_grad_()
        several = torch.stack([x, x.cos(), x.sin()]) if name == "stage of three" else x
        found = functions.Stage.apply(grid, given, several, factors, *kernels)
        inputs = [x, factors, *kernels]
    slope = sum((each * each.detach().cos()).sum() for each in found)
    return [*found, *torch.autograd.grad(slope, inputs)]


@pytest.mark.parametrize("channels", [4, 8, 16])
@pytest.mark.parametrize("name", ["stage", "strided stage", "stage of three", "mix", "node"])
def test_any_number_of_threads_gives_the_same_bits(name, channels, monkeypatch):
    others = []
    for threads in THREADS:
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        others += [results(name, channels) for _ in range(2)]
    first = others.pop()
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("name", ["stage", "strided stage", "stage of three", "mix", "node"])
def test_vectors_of_any_width_give_the_same_bits(name, monkeypatch):
    found = []
    for width in functions.widths():
        monkeypatch.setattr(functions, "widths", lambda width=width: [width])
        found.append(results(name, 16))
    assert len(found) >= 2
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_a_compiler_without_openmp_gives_the_same_bits(monkeypatch, tmp_path):
    expected = results("stage", 8)
    monkeypatch.setenv("HARNESS_KERNELS", str(tmp_path))
    monkeypatch.setattr(compiler, "threaded", lambda command: False)
    functions.library.cache_clear()
    try:
        found = results("stage", 8)
    finally:
        functions.library.cache_clear()
    assert all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))
    (built,) = tmp_path.iterdir()
    assert b"GOMP_parallel" not in built.read_bytes()


# -- whole passes ---------------------------------------------------------------------------------

DESIGNS = {
    "images": (SMALL, (8, 8)), "odd images": (SMALL, (7, 9)), "signals": (SIGNALS, (20,)),
    "eight channels": (Design(8, 3), (8, 8)),
    "long signals": (replace(SIGNALS, channels=8), (71,)),
    "legacy": (Design(4, 3, normal=(("none", "sep_conv_7x7", "conv_7x1_1x7"),) * 14), (8, 8)),
}  # fmt: skip


def run(net, x, weights, hard=False):
    """Return the logits and the gradients of all weights and alphas."""
    leaves = [each for each in weights if isinstance(each, torch.Tensor)]
    rows = [each.softmax(1) if leaves else each for each in weights]
    logits = net(x, *rows, hard=hard)
    slope = torch.linspace(-1, 1, logits.numel(), dtype=x.dtype).view_as(logits)
    wanted = [*net.parameters(), *leaves]
    found = torch.autograd.grad((logits * slope).sum(), wanted, allow_unused=True)
    return [logits, *found]


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("kind", ["mixture", "path"])
def test_a_whole_pass_is_that_of_the_torch_form(name, kind):
    design, sizes = DESIGNS[name]
    if name == "legacy" and kind == "path":
        pytest.skip("its edges have no operations of these numbers")
    weights = alphas(torch.float32) if kind == "mixture" else [VARIED, VARIED[::-1]]
    net = FastSupernet.of(supernet(design, torch.float32))
    x = images(design, *sizes, dtype=torch.float32)
    expected = run(net, x, weights)
    with form.compiled():
        found = run(net, x, weights)
    largest = max(float(g.abs().max()) for g in expected[1:] if g is not None)
    for one, other in zip(expected, found, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            scale = max(float(one.detach().abs().max()), 1e-3 * largest)
            assert float((one - other).detach().abs().max()) <= 1e-4 * scale


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("design", [SMALL, replace(SIGNALS, channels=8)])
def test_four_runs_are_the_same_bits(design, threads):
    net = FastSupernet.of(supernet(design, torch.float32))
    x = images(design, *((8,) * design.dim), dtype=torch.float32)
    torch.set_num_threads(threads)  # `one_thread` puts it back
    with form.compiled():
        first, *others = (run(net, x, alphas(torch.float32)) for _ in range(4))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_torch_form_comes_back_to_the_bit():
    net, x = FastSupernet.of(supernet(SMALL, torch.float32)), images(SMALL, 8, 8).float()
    before = run(net, x, alphas(torch.float32))
    with form.compiled():
        inside = run(net, x, alphas(torch.float32))
    after = run(net, x, alphas(torch.float32))
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(before, inside, strict=True))


def test_compiled_kernels_are_ahead_of_the_loop_at_any_batch():
    fewest = FastSupernet.fewest
    with form.compiled():
        assert type(node_fast.quickest(supernet(SMALL, torch.float32), 1)) is FastSupernet
    assert FastSupernet.fewest == fewest > 1


def test_double_precision_takes_the_torch_form():
    net, x = FastSupernet.of(supernet(SMALL)), images(SMALL, 8, 8)
    before = run(net, x, alphas())
    with form.compiled():
        assert all(torch.equal(a, b) for a, b in zip(before, run(net, x, alphas()), strict=True))


def test_channels_that_no_vector_fits_are_refused():
    net = FastSupernet.of(supernet(Design(6, 3), torch.float32))
    with form.compiled(), pytest.raises(Refused, match="channels=6: --kernels c takes multiples"):
        net(torch.zeros(2, 3, 8, 8), VARIED, VARIED)


def test_to_be_differentiated_twice_is_refused():
    net, x, own = FastSupernet.of(supernet(SMALL, torch.float32)), images(SMALL, 8, 8), alphas()
    with form.compiled():
        loss = net(x.float(), *(a.float().softmax(1) for a in own)).square().sum()
        with pytest.raises(Refused, match="first-order"):
            torch.autograd.grad(loss, own[:1], create_graph=True)
