"""Names of published genotypes; one that is none is answered from its own paper."""

import pytest

from papers.cells.notation import names


def test_spelling_does_not_matter_and_leads_to_one_genotype():
    for name in names.KNOWN:
        for word in (name, name.lower(), name.replace("_", "-"), name.replace("_", "")):
            assert names.named(word) == name
    assert names.named("P-DARTS") == "P_DARTS"
    assert names.named("") is None
    assert names.named("DARTS") is None


def test_every_genotype_s_paper_has_a_name_with_which_it_begins():
    papers = {name: names.paper_of(published) for name, published in names.KNOWN.items()}
    assert papers["GDAS_F1"] == papers["GDAS_V1"] == "GDAS"
    assert papers["P_DARTS"] == "P-DARTS"
    for name, paper in papers.items():
        assert name.startswith(paper.replace("-", "_"))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("DARTS", "its paper has DARTS_V1 and DARTS_V2"),
        ("DARTS_V3", "its paper has DARTS_V1 and DARTS_V2"),
        ("pc-darts", "its paper has PC_DARTS_cifar and PC_DARTS_image"),
        ("NASNet-B", "its paper has NASNet_A_darts and NASNet_A_slim"),
        ("P_DARTS_image", "its paper has P_DARTS only"),
        ("ENAS", "its paper has ENAS_micro only"),
        ("DATRS_V2", "did you mean 'DARTS_V2'?"),
    ],
)
def test_an_unknown_name_is_answered_from_its_paper(word, said):
    assert str(names.unknown(word)) == f"unknown genotype '{word}'; {said}"


@pytest.mark.parametrize("word", ["R-DARTS", "R_DARTS_V2", "SNAS", "FBNet", ""])
def test_another_paper_s_name_becomes_none_of_ours(word):
    said = str(names.unknown(word))
    assert said.startswith(f"unknown genotype '{word}'; choose from: AmoebaNet_A_darts, ")
    assert all(name in said for name in names.KNOWN)
