"""The forms that `bench` races give the same graphs and numbers; nothing is timed here."""

from __future__ import annotations

from papers.ghn2.recorder.bench import darts, pair_of_predictions, pair_of_recordings


def test_both_forms_agree():
    subject = darts(cells=3)
    for pair in (pair_of_recordings("DARTS", subject), pair_of_predictions("DARTS", subject, 1.3)):
        pair.agree()
        assert pair.fast() is not None


def test_the_large_network_has_794_nodes():
    subject = darts()
    assert len(subject.recording(quick=True)().graph) == 794
