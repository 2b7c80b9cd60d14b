"""The evaluation network: published weights and costs, layout, drop path, second classifier."""

import pytest
import torch
from torch import nn

from harness.paper import Refused
from harness.training.metrics import flops, parameters
from papers.cells.network.darts import Cell, Layout, Network, drop_path, imagenet
from papers.cells.network.operations import FactorizedReduce, Place
from papers.cells.space.genotype import Genotype, parse_cell
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype
COUNTS = {  # CIFAR C36 L20, ImageNet C48 L14, CIFAR C16 L8, MACs in millions: CIFAR, ImageNet
    "DARTS_V1": (3_169_414, 4_510_432, 232_890, 501.0, 505.9),
    "DARTS_V2": (3_349_342, 4_718_752, 246_106, 528.4, 529.9),
    "PC_DARTS_cifar": (3_634_678, 5_270_560, 335_738, 556.7, 571.1),
    "PC_DARTS_image": (3_721_510, 5_342_464, 327_546, 570.5, 581.6),
}


def network(name="DARTS_V2", **more):
    return Network(Layout(PUBLISHED[name].genotype, **more))


def tiny(**more):
    torch.manual_seed(0)
    return network(**{"channels": 4, "layers": 3, **more})


def uniform(normal, reduce, nodes=4):
    """Return a genotype with one operation on both inputs of every node."""

    def cell(op):
        concat = " ".join(map(str, range(2, 2 + nodes)))
        return parse_cell(" | ".join([f"{op}~0 {op}~1"] * nodes) + f" ; concat {concat}")

    return Genotype.of(cell(normal), cell(reduce))


def millions(model, size):
    """Return the multiply-adds of convolutions and linear layers for one image."""
    x = torch.empty(1, 3, size, size)
    with torch.no_grad():
        return round(flops(lambda: model.eval()(x)) / 2e6, 1)


# --- golden numbers


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTS)
def test_published_cells_have_the_published_weights_and_costs(name):
    cifar, large, small, macs, macs_large = COUNTS[name]
    with torch.device("meta"):
        model = network(name)
        assert parameters(model) == cifar
        assert millions(model, 32) == macs
        assert parameters(network(name, channels=16, layers=8)) == small
        model = Network(imagenet(PUBLISHED[name].genotype))
        assert parameters(model) == large
        assert millions(model, 224) == macs_large


@pytest.mark.slow
def test_weights_of_other_networks():
    gdas = PUBLISHED["GDAS_V1"].genotype
    with torch.device("meta"):
        assert parameters(network("GDAS_V1")) == 3_368_782
        assert parameters(Network(imagenet(gdas))) == 4_969_216
        assert parameters(Network(imagenet(gdas, channels=50))) == 5_345_075
        assert parameters(Network(Layout(uniform("skip_connect", "max_pool_3x3")))) == 1_370_134
        assert parameters(Network(Layout(uniform("sep_conv_5x5", "sep_conv_5x5")))) == 5_144_086
        assert parameters(network(classes=100)) == 3_349_342 + 51_930 == 3_401_272


@pytest.mark.slow
def test_weights_of_the_second_classifier():
    with torch.device("meta"):
        model = network(auxiliary=True)
        assert parameters(model.auxiliary) == 476_426
        assert parameters(model) == 3_349_342 + 476_426
        assert parameters(network("NASNet_A_darts", auxiliary=True).auxiliary) == 457_994


# --- layout


@pytest.mark.parametrize(
    ("layers", "reductions"), [(3, (1, 2)), (5, (1, 3)), (8, (2, 5)), (14, (4, 9)), (20, (6, 13))]
)
def test_reductions(layers, reductions):
    assert Layout(V2, layers=layers).reductions == reductions


def test_what_cannot_be_built_is_refused():
    with pytest.raises(Refused, match="layers=2: with fewer than 3 every cell is a reduction"):
        Layout(V2, layers=2)
    with pytest.raises(Refused, match="unknown stem 'imagnet'; did you mean 'imagenet'"):
        Layout(V2, stem="imagnet")
    with pytest.raises(Refused, match="number of dimensions '3'"):
        Layout(V2, dim=3)
    with pytest.raises(Refused, match="unknown operation"):
        Network(Layout(uniform("none", "max_pool_3x3"), 4, 3))


@pytest.mark.parametrize("size", [32, 28, 7])
def test_a_reduction_halves_the_size_and_doubles_the_channels(size):
    model = tiny(channels=4, layers=5)
    shapes = []
    for cell in model.cells:
        cell.register_forward_hook(lambda cell, given, out: shapes.append(tuple(out.shape[1:])))
    logits, second = model(torch.randn(2, 3, size, size))
    half = -(-size // 2)
    quarter = -(-half // 2)
    assert shapes == [
        (16, size, size), (32, half, half), (32, half, half), (64, quarter, quarter),
        (64, quarter, quarter),
    ]  # fmt: skip
    assert logits.shape == (2, 10)
    assert second is None


def test_stem_of_the_large_network():
    model = Network(Layout(V2, 8, 3, 20, stem="imagenet"))
    older, newer = model.stem(torch.randn(1, 3, 64, 64))
    assert older.shape == (1, 8, 16, 16)
    assert newer.shape == (1, 8, 8, 8)
    assert model.cells[0].older.__class__ is FactorizedReduce  # its older input is larger
    assert model(torch.randn(2, 3, 64, 64))[0].shape == (2, 20)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_cell_trains(name):
    """Five nodes, repeated states and concatenated inputs are all built."""
    model = network(name, channels=4, layers=3, auxiliary=True)
    logits, second = model(torch.randn(2, 3, 16, 16))
    (logits.sum() + second.sum()).backward()
    assert all(p.grad is not None for p in model.cells[-1].parameters())


def test_an_input_is_concatenated_at_the_size_of_the_output():
    cell = parse_cell("skip_connect~0 skip_connect~1 ; concat 0 2 1")
    model = Network(Layout(Genotype.of(cell, cell), 4, 3))
    assert [c.channels for c in model.cells] == [12, 24, 48]
    assert model(torch.randn(2, 3, 9, 9))[0].shape == (2, 10)


# --- operations


def test_batch_norms_have_weights_and_pools_have_none():
    model = network(channels=4, layers=3)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(norm.affine and norm.track_running_stats for norm in norms)
    pools = [m for cell in model.cells for m in cell.operations if isinstance(m, nn.MaxPool2d)]
    assert len(pools) == 2 * 5  # bare modules: no norm follows


# --- drop path


def test_drop_path_drops_whole_samples_and_keeps_the_expectation():
    stream = torch.Generator().manual_seed(0)
    x = torch.ones(20_000, 2, 3)
    dropped = drop_path(x, 0.3, stream)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert torch.equal(dropped.amin((1, 2)), dropped.amax((1, 2)))
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(x, torch.ones_like(x))
    again = drop_path(x, 0.3, torch.Generator().manual_seed(0))
    assert torch.equal(dropped, again)
    with pytest.raises(Refused, match=r"drop path 1\.0"):
        drop_path(x, 1.0)


def test_what_is_dropped():
    """Every edge but an identity: pooling and factorized reductions too."""
    text = "skip_connect~0 max_pool_3x3~1 | skip_connect~2 sep_conv_3x3~0 ; concat 2 3"
    for stride, expected in ((1, 2), (2, 3)):
        cell = Cell(parse_cell(text), Place(4, stride, 2), (4, 4), halve=False)
        seen = []

        def drop(value, seen=seen):
            seen.append(value)
            return value

        cell(torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), drop)
        assert len(seen) == expected


def test_drop_path_is_for_training_and_off_by_default():
    model, x = tiny(), torch.randn(4, 3, 8, 8)
    assert model.drop_path == 0
    plain = model(x)[0]
    model.drop_path, model.stream = 0.5, torch.Generator().manual_seed(1)
    assert not torch.allclose(model(x)[0], plain)
    model.eval()
    assert torch.equal(model(x)[0], model(x)[0])


def test_drop_path_draws_from_its_own_stream():
    model, x = tiny(), torch.randn(4, 3, 8, 8)
    model.drop_path, model.stream = 0.5, torch.Generator()
    before = torch.random.get_rng_state()
    outs = []
    for _ in range(2):
        model.stream.manual_seed(1)
        outs.append(model(x)[0])
    assert torch.equal(*outs)
    assert torch.equal(torch.random.get_rng_state(), before)


# --- the second classifier


@pytest.mark.parametrize("size", [32, 28, 12])
def test_the_second_classifier_answers_in_training_only(size):
    model = tiny(auxiliary=True)
    x = torch.randn(2, 3, size, size)
    assert model(x)[1].shape == (2, 10)
    assert model.eval()(x)[1] is None


def test_the_second_classifier_pools_the_authors_sizes_as_they_do():
    model = tiny(auxiliary=True).auxiliary.eval()
    x = torch.randn(2, 64, 8, 8)
    pooled = nn.AvgPool2d(5, 3, count_include_pad=False)(x.relu())
    assert pooled.shape[2:] == (2, 2)
    assert torch.equal(model(x), model.out(model.features(pooled)))
    large = Network(Layout(V2, 4, 3, stem="imagenet", auxiliary=True)).auxiliary
    assert sum(isinstance(m, nn.BatchNorm2d) for m in large.modules()) == 1
    assert large.eval()(torch.randn(1, 64, 7, 7)).shape == (1, 10)


def test_the_second_classifier_leaves_the_cell_s_output_alone():
    model = tiny(auxiliary=True).auxiliary
    x = torch.randn(2, 64, 8, 8)
    before = x.clone()
    model(x)
    assert torch.equal(x, before)


# --- one dimension


def test_signals():
    model = Network(Layout(V2, 8, 3, inputs=1, dim=1, auxiliary=True))
    shapes = []
    for cell in model.cells:
        cell.register_forward_hook(lambda cell, given, out: shapes.append(tuple(out.shape[1:])))
    logits, second = model(torch.randn(5, 1, 40))
    assert shapes == [(32, 40), (64, 20), (128, 10)]
    assert logits.shape == second.shape == (5, 10)
    assert parameters(model.stem) == 24 * 3 + 2 * 24


def test_the_same_seed_gives_the_same_network():
    one, other = tiny(), tiny()
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(one(x)[0], other(x)[0])
