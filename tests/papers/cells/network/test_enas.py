import pytest
import torch
from torch import nn

from harness.paper import Refused
from harness.training.metrics import parameters
from papers.cells.network.enas import MacroNetwork, MicroCell, MicroLayout, MicroNetwork, branch
from papers.cells.network.operations import FactorizedReduce, Place
from papers.cells.space.genotype import parse_cell
from papers.cells.space.published import ENAS_MACRO, PUBLISHED, Macro

RELEASED = PUBLISHED["ENAS_micro"].genotype
THREE = Macro((0, 3, 5), ((), (True,), (False, True)), "none")


# --- golden numbers


def test_micro_network_has_the_release_s_weights():
    with torch.device("meta"):
        assert parameters(MicroNetwork(MicroLayout(RELEASED))) == 3_894_372
        assert parameters(MicroNetwork(MicroLayout(RELEASED, auxiliary=True))) == 4_389_220


def test_macro_network_has_the_release_s_weights():
    with torch.device("meta"):
        model = MacroNetwork(ENAS_MACRO)
        assert parameters(model) == 42_559_392
        assert model(torch.empty(2, 3, 32, 32)).shape == (2, 10)


# --- micro


@pytest.mark.parametrize(("layers", "reductions"), [(6, (2, 5)), (15, (5, 11)), (3, (1, 3))])
def test_reductions(layers, reductions):
    assert MicroLayout(RELEASED, layers=layers).reductions == reductions


def test_few_layers_are_refused():
    with pytest.raises(Refused, match="layers=2"):
        MicroLayout(RELEASED, layers=2)


def test_shapes_of_the_micro_network():
    model = MicroNetwork(MicroLayout(RELEASED, 4, 3, auxiliary=True))
    shapes = []
    for cell in model.cells:
        cell.register_forward_hook(lambda cell, given, out: shapes.append(tuple(out.shape[1:])))
    logits, second = model(torch.randn(2, 3, 32, 32))
    assert shapes == [(20, 32, 32), (32, 16, 16), (40, 16, 16), (64, 8, 8), (80, 8, 8)]
    assert logits.shape == second.shape == (2, 10)
    assert model.eval()(torch.randn(2, 3, 28, 28))[1] is None


def test_unused_inputs_are_reduced_before_the_concatenation():
    cell = MicroCell(
        parse_cell("max_pool_3x3~1 skip_connect~1 ; concat 0 2"), Place(4, 2, 2), (4, 4), False
    )
    assert isinstance(cell.carried["0"], FactorizedReduce)
    x = torch.randn(2, 4, 9, 9)
    assert cell(x, x, nn.Identity()).shape == (2, 8, 5, 5)


def test_reductions_have_no_relu_where_the_release_has_none():
    negative = -torch.rand(2, 4, 8, 8)
    with_relu, without = (FactorizedReduce(Place(4, 2, 2), relu=r) for r in (True, False))
    assert with_relu(negative).abs().max() == 0
    assert without(negative).abs().max() > 0


def test_drop_path_grows_with_the_cell():
    model = MicroNetwork(MicroLayout(RELEASED, 4, 3))
    model.drop_path = 0.4
    rates = [model._drop(number).keywords["probability"] for number in range(5)]
    assert rates == pytest.approx([0.08, 0.16, 0.24, 0.32, 0.4])
    assert isinstance(model.eval()._drop(4), nn.Identity)


def test_all_but_identities_are_dropped():
    cell = MicroCell(RELEASED.cell("reduce"), Place(4, 2, 2), (4, 4), False)
    seen = []

    def drop(value):
        seen.append(value)
        return value

    cell(torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), drop)
    assert len(seen) == 10 - sum(op == "skip_connect" for op, _ in cell.pairs)


def test_dropout_is_for_training():
    model, x = MicroNetwork(MicroLayout(RELEASED, 4, 3)), torch.randn(2, 3, 8, 8)
    model.eval()
    plain = model(x)[0]
    model.dropout = 0.9
    assert torch.equal(model(x)[0], plain)
    model.train()
    assert not torch.equal(model(x)[0], model(x)[0])


# --- macro


def test_skips_reach_the_layers_they_name():
    """Bit 0 is the stem, bit i + 1 layer i; without a bit a tensor leaves no trace in the sum."""
    model = MacroNetwork(THREE, 4).eval()
    x = torch.randn(1, 3, 8, 8)
    widths = [getattr(m[1], "in_channels", None) for m in list(model.merges)[1:]]
    assert widths == [8 * 2, 16 * 2]  # reduced after layers 0 and 1: 4, 8, 16 channels
    assert model(x).shape == (1, 10)
    kept = model(x)
    with torch.no_grad():
        model.halves["1"][0].norm.bias += 1  # the stem, which layer 2 does not join
        assert torch.equal(model(x), kept)
        model.halves["1"][1].norm.bias += 1  # layer 0, which layer 2 joins
        assert not torch.equal(model(x), kept)


def test_separable_operations_are_dense_in_the_release_only():
    place = Place(4, dim=2)
    assert branch(1, place, dense=True)[4].groups == 1
    assert branch(1, place, dense=False)[4].groups == 4
    assert parameters(MacroNetwork(THREE, 8, dense=False)) < parameters(MacroNetwork(THREE, 8))
    x = torch.randn(2, 4, 8, 8)
    for op in range(6):
        assert branch(op, place, dense=False)(x).shape == x.shape


def test_architectures_that_are_none_are_refused():
    with pytest.raises(Refused, match="layer l has l skip bits"):
        MacroNetwork(Macro((0, 1, 2), ((), (), ()), "none"))
    with pytest.raises(Refused, match="operation 6: macro operations are 0 to 5"):
        branch(6, Place(4, dim=2), dense=True)
