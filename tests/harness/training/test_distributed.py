"""Several ranks train a model to the numbers of one; here they are processes of this machine."""

from __future__ import annotations

import multiprocessing
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from harness.training import distributed as shared
from harness.training import optim, ranks
from harness.training.synchronised import batch_norm
from papers.cells.network.darts import Layout, Network
from papers.cells.space.published import PUBLISHED

RANKS = 3
SIZES = (9, 8, 6, 2, 6)  # whole batches, uneven ones, and one with fewer rows than ranks


def test_alone_all_rows_are_this_ranks_and_nothing_changes() -> None:
    model = nn.Linear(2, 2)
    forward = model.forward
    shared.share(model)
    assert model.forward == forward
    x = torch.randn(5, 2)
    assert (ranks.count(), ranks.shard(5), shared.batch(x, 5)) == (1, slice(0, 5), x)


@pytest.mark.slow
def test_ranks_train_to_the_numbers_of_one(found: list[dict[str, Any]]) -> None:
    """A network of DARTS with everything that looks along a batch: float64, to 1e-10."""
    alone = train(network())
    for each in found:
        assert each["losses"] == pytest.approx(alone["losses"], rel=1e-10)
        assert each["norms"] == pytest.approx(alone["norms"], rel=1e-10)
        torch.testing.assert_close(each["judged"], alone["judged"], rtol=1e-9, atol=1e-9)
        assert list(each["state"]) == list(alone["state"])
        for name, value in alone["state"].items():
            torch.testing.assert_close(each["state"][name], value, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_every_rank_knows_what_is_agreed(found: list[dict[str, Any]]) -> None:
    for each in found:
        assert each["shards"] == [slice(0, 2), slice(2, 5), slice(5, 8)]
        assert each["highest"] == RANKS - 1
        assert each["told"] == {"rank": 0}


@pytest.mark.slow
def test_what_would_be_drawn_apart_is_refused(found: list[dict[str, Any]]) -> None:
    for each in found:
        assert each["refused"].startswith("dropout: ranks would draw apart")


@pytest.mark.slow
def test_what_each_rank_has_read_alone_is_trained_on_alike(found: list[dict[str, Any]]) -> None:
    whole = linear()(rows(7, 2)).detach()
    for each in found:
        torch.testing.assert_close(each["outputs"], whole, rtol=1e-12, atol=1e-12)


@pytest.mark.slow
def test_an_end_of_another_rank_is_named(found: list[dict[str, Any]]) -> None:
    assert [each["end"] for each in found] == ["Lost", "Lost", "ended"]


@pytest.mark.slow
def test_batch_norm_over_ranks_has_the_gradients_of_torchs_own(
    found: list[dict[str, Any]],
) -> None:
    x, norm = rows(7, 4, 3).requires_grad_(), nn.BatchNorm1d(4).double()
    outputs = norm(x)
    outputs.square().mul(rows(7, 4, 3)).sum().backward()
    torch.testing.assert_close(torch.cat([each["y"] for each in found]), outputs.detach())
    torch.testing.assert_close(torch.cat([each["dx"] for each in found]), x.grad)
    torch.testing.assert_close(sum(each["dw"] for each in found), norm.weight.grad)
    torch.testing.assert_close(sum(each["db"] for each in found), norm.bias.grad)
    for each in found:
        torch.testing.assert_close(each["mean"], norm.running_mean)
        torch.testing.assert_close(each["var"], norm.running_var)


# -- what ranks do --------------------------------------------------------------------------------


def rows(*shape: int) -> Tensor:
    drawn = torch.Generator().manual_seed(5)
    return torch.randn(*shape, generator=drawn, dtype=torch.float64)


def linear() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)).double()


def network() -> Network:
    """Return a network with two classifiers, and a layer that nothing reads."""
    torch.manual_seed(1)
    built = Network(Layout(PUBLISHED["DARTS_V2"].genotype, 4, 3, auxiliary=True))
    built.unread = nn.Linear(2, 2)
    built.stream = torch.Generator().manual_seed(3)
    return built.double().to(memory_format=torch.channels_last)


def train(model: Network) -> dict[str, Any]:
    """Take a step on batches of several sizes, with drop path from the second on."""
    drawn = torch.Generator().manual_seed(7)
    optimizer = optim.unfused_sgd(model.parameters(), 0.05, 0.9, 3e-4)
    losses, norms = [], []
    for size in SIZES:
        model.drop_path = 0.1 * len(losses)
        x = torch.randn(size, 3, 8, 8, generator=drawn).double()
        y = torch.randint(10, (size,), generator=drawn)
        logits, second = model(x.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, y) + 0.4 * F.cross_entropy(second, y)
        optim.clipped_step(loss, model.parameters(), optimizer, 5.0)
        losses.append(loss.item())
        norms.append(sum(p.grad.norm().item() for p in model.parameters() if p.grad is not None))
    with torch.no_grad():
        judged, _ = model.eval()(x)
    return {"losses": losses, "norms": norms, "judged": judged, "state": model.state_dict()}


def shared_training(rank: int) -> dict[str, Any]:
    model = network()
    shared.share(model)
    found = train(model)
    found |= {"shards": ranks.shards(8), "highest": ranks.highest(rank)}
    found |= {"told": ranks.told({"rank": rank})}
    dropping = nn.Sequential(nn.Linear(2, 2), nn.Dropout())
    shared.share(dropping)
    try:
        dropping(torch.randn(4, 2))
    except NotImplementedError as error:
        found["refused"] = str(error)
    return found


def own_rows(rank: int) -> dict[str, Any]:
    model = linear()
    shared.share(model)
    own = rows(7, 2)[ranks.shard(7)]
    return {"outputs": model(shared.batch(own, 7)).detach()}


def one_ends(rank: int) -> str:
    if rank == RANKS - 1:
        return "ended"
    try:
        with ranks.reaching():
            while True:
                ranks.highest(rank)
    except ranks.Lost as lost:
        return type(lost).__name__


def normalised(rank: int) -> dict[str, Any]:
    norm = nn.BatchNorm1d(4).double()
    mine = ranks.shard(7)
    x = rows(7, 4, 3)[mine].requires_grad_()
    statistics = (norm.running_mean, norm.running_var)
    y = batch_norm(7, x, *statistics, norm.weight, norm.bias, True)
    y.square().mul(rows(7, 4, 3)[mine]).sum().backward()
    gradients = {"dx": x.grad, "dw": norm.weight.grad, "db": norm.bias.grad}
    return {"y": y.detach(), **gradients, "mean": norm.running_mean, "var": norm.running_var}


# -- processes ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what each rank found; processes are dear, so they do all of it at once."""
    folder = tmp_path_factory.mktemp("ranks")
    context = multiprocessing.get_context("spawn")
    arguments = [(rank, str(folder)) for rank in range(RANKS)]
    processes = [context.Process(target=member, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(RANKS)]


def member(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    ranks.join("cpu", distributed.FileStore(f"{folder}/store", RANKS), rank, RANKS)
    made = {**shared_training(rank), **own_rows(rank), **normalised(rank), "end": one_ends(rank)}
    torch.save(made, f"{folder}/{rank}.pt")
