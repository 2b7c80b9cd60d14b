"""What is known of each dataset agrees with DVC and with the texts that stand in the code."""

from __future__ import annotations

import hashlib

import pytest

from harness.data.cifar import CIFAR_HASHES
from harness.data.registry import DATASETS
from harness.data.store import digest


def test_the_digest_is_the_one_that_dvc_has():
    assert digest("mnist") == "b6c29e96813679dd8c451c9b5ca86e2c.dir"
    assert digest("cifar10") == CIFAR_HASHES["archive"]


@pytest.mark.parametrize("file", [f for d in DATASETS.values() for f in d.files if f.text])
def test_our_own_texts_have_their_hashes(file):
    assert hashlib.sha256(file.text.encode()).hexdigest() == file.sha256
    assert len(file.text.encode()) == file.size
