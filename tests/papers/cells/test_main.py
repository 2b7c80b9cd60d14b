"""The command that draws a cell: every form of one is read, and faults are one line."""

import random
import re
import xml.etree.ElementTree as ET

import pytest

from papers.cells.__main__ import draw, main
from papers.cells.space.genotype import Genotype
from papers.cells.space.node import AMOEBA
from papers.cells.space.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype


def run(capsys, *arguments):
    status = main(arguments)
    found = capsys.readouterr()
    return status, found.out, found.err


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("330401", "T2-330401"),
        ("123", "T0-123"),
        ("|c5~0|+|c5~0|none~1|+|avg~0|none~1|skip~2|", "T2-330401"),
        ("|c5~0|+|skip~0|avg~1|", "T0-314"),
        ("|c1~0|+|c3~0|none~1|+|avg~0|none~1|skip~2|", "NAS-Bench-201-230401"),
        (
            "|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|avg_pool_3x3~0|none~1|skip_connect~2|",
            "NAS-Bench-201-230401",
        ),
        ("DARTS_V2", "DARTS_V2"),
        ("nasnet-a-slim", "NASNet_A_slim"),
        ("gdas-f1", "GDAS_F1"),
        (V2.text, "genotype"),
        (V2.json(), "genotype"),
        (f"V2 = {V2}", "V2"),
        (f"{{'normal': {V2.normal}, 'normal_concat': range(2, 6)}}", "genotype"),
        ("Genotype(recurrent=[('tanh', 0), ('relu', 0)], concat=range(1, 3))", "recurrent"),
        ("(2, 0, 3, 1, 4, 0)", "NAS-Bench-201-310241"),
    ],
)
def test_every_form_of_a_cell_is_read(asked, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, asked)
    assert (status, err) == (0, "")
    assert out.endswith(f"picture: {name}.svg\n")
    ET.fromstring((tmp_path / f"{name}.svg").read_text(encoding="utf-8"))


def test_the_picture_goes_where_it_is_asked(tmp_path, capsys):
    out = tmp_path / "cell.svg"
    assert run(capsys, "DARTS_V1", "--out", str(out))[0] == 0
    assert re.match("<svg ", out.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ("DARTS_V3", "unknown genotype 'DARTS_V3'; its paper has DARTS_V1 and DARTS_V2"),
        ("DARTS", "unknown genotype 'DARTS'; its paper has DARTS_V1 and DARTS_V2"),
        ("3304", "'3304': a T2 code has 6 digits, a T0 code 3"),
        ("930401", "entry 0 (edge 1<-0) is 9"),
        ("|c5~0|+|skip~0|agv~1|", "did you mean 'avg'?"),
        ("|c5~0|+|skip~0|", "column 15: node 2: has an edge from each of 2 nodes, here are 1"),
        ("normal: none~0 none~5 ; concat 2 / reduce: none~0", "column 21: normal, node 2: reads"),
        (V2.text.replace("dil_conv_3x3", "dil_conv_3x4"), "did you mean 'dil_conv_3x3'?"),
        ("{", "column 1: "),
        ("print('text')", "column 1: print('text') is a call"),
        ("none/cell.json", "'none/cell.json': no such file"),
        ("\u0663\u0663\u0660\u0664\u0660\u0661", "unknown genotype"),
        ("", "unknown genotype ''"),
    ],
)
def test_faults_are_one_line_and_status_two(asked, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, asked)
    assert (status, out) == (2, "")
    assert fault in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_faults_of_the_file_s_name(tmp_path, capsys):
    assert run(capsys, "DARTS_V2", "--out", str(tmp_path / "cell.png"))[0] == 2
    assert run(capsys, "DARTS_V2", "--out", str(tmp_path / "none" / "cell.svg"))[0] == 2
    assert "is a directory" in run(capsys, "DARTS_V2", "--out", f"{tmp_path}/cell.svg/")[2]


def test_drawings_are_the_same_each_time():
    genotype = AMOEBA.random(random.Random(4))
    assert draw(genotype.text) == draw(Genotype.parse(genotype.text).json())


def test_a_file_gives_its_cell_and_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "found.json").write_text(V2.json(), encoding="utf-8")
    status, out, _ = run(capsys, "found.json")
    assert (status, out.splitlines()[0]) == (0, "found")
    assert (tmp_path / "found.svg").exists()


def test_what_was_printed_is_read_again():
    for asked in ("DARTS_V2", "tanh~0 relu~1 ; mean 1 2", "normal: none~0 none~1 ; concat 2"):
        drawn = draw(asked)
        assert (
            draw(drawn.text.splitlines()[1]).text.splitlines()[1:] == drawn.text.splitlines()[1:]
        )
    cell = draw("(2, 0, 3, 1, 4, 0)").text
    theirs, numbers = (line.partition(":")[2].strip() for line in cell.splitlines()[-2:])
    assert draw(theirs).text == draw(numbers).text == cell


def test_what_a_text_lacks_or_has_beside_its_cell_is_said():
    text = draw("Genotype(normal=[('none', 0, .2), ('none', 1, .1)], normal_concat=[2])").text
    assert "The weights beside the pairs are not part of the cell." in text
    assert "The text has no reduction cell." in text
    assert "The " not in draw("DARTS_V2").text
