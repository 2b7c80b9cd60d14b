"""The tasks' names say which data they stand on."""

from papers.cells import task
from papers.cells.child.cifar_recipe import STORED_ROWS


def test_a_subset_is_not_taken_for_cifar10():
    assert (task.CIFAR.name, task.CIFAR.dataset) == ("cifar10-cells", "cifar10")
    assert task.CIFAR_8K.dataset == "cifar10_subset"
    assert "cifar10" not in task.CIFAR_8K.name
    assert f"{STORED_ROWS['cifar10_subset']:,} training images" in task.CIFAR_8K.protocol
