"""The paper whose trials the tests of this folder report."""

from __future__ import annotations

import pytest

from tests.lab.reports import two_claims
from tests.lab.throwaway import make_paper


@pytest.fixture
def paper(tmp_path):
    """A paper with two claims: a loss at least 0.4, and (not expected) at least 9."""
    return two_claims(make_paper(tmp_path, experiments=("fit", "more_of_it"), seeds={"smoke": 3}))
