"""Every form in which the field writes cells is read, and faults are named with their place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.paper import Refused
from papers.cells.notation import dialects, reader
from papers.cells.notation.forms import Cells
from papers.cells.notation.wiring import Recurrent
from papers.cells.space import record
from papers.cells.space.edge import NB201, T0, T1, T2
from papers.cells.space.genotype import parse_cell
from papers.cells.space.published import HAND_REDUCED, PUBLISHED

NORMAL = "[('sep_conv_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('dil_conv_5x5', 0)]"
REDUCE = "[('avg_pool_3x3', 1), ('max_pool_3x3', 0), ('none', 1), ('sep_conv_5x5', 2)]"
CELLS = {
    "normal": parse_cell("sep_conv_3x3~0 max_pool_3x3~1 | skip_connect~2 dil_conv_5x5~0"
                         " ; concat 2 3"),
    "reduce": parse_cell("avg_pool_3x3~1 max_pool_3x3~0 | none~1 sep_conv_5x5~2 ; concat 2 3"),
}  # fmt: skip
BOTH = f"normal={NORMAL}, normal_concat=range(2, 4), reduce={REDUCE}, reduce_concat=[2, 3]"
TREE = Recurrent((("tanh", 0), ("relu", 0), ("identity", 1), ("sigmoid", 3)), (1, 2, 3, 4))
PAIRS = "[('tanh', 0), ('relu', 0), ('identity', 1), ('sigmoid', 3)]"


def cell(text: str):
    return reader.read(text).cell


# --- genotypes


@pytest.mark.parametrize(
    "text",
    [
        f"Genotype({BOTH})",
        f"genotypes.Genotype({BOTH})",
        f"  Genotype({BOTH.replace('range(2, 4)', '[2, 3]')})\n",
        f"Genotype({BOTH.replace('range(2, 4)', 'range(2, 4, 1)')}, connectN=None, connects=None)",
        f"# found\nFOUND = Genotype({BOTH},)".replace("), (", "),  # a pair\n  ("),
    ],
)
def test_records_as_python_prints_them(text):
    assert cell(text) == Cells(CELLS)


def test_dictionaries_and_nodes_with_their_pairs_together():
    nested = NORMAL.replace("[(", "[((").replace("), ('skip", ")), (('skip").replace(")]", "))]")
    assert nested.count("((") == 2
    both = {"normal": nested, "reduce": REDUCE}
    fields = ", ".join(f"'{name}': {of}, '{name}_concat': [2, 3]" for name, of in both.items())
    assert cell(f"{{{fields}}}") == Cells(CELLS)
    alone = Cells({"normal": CELLS["normal"]})
    assert cell(f"{{'normal': {nested}, 'normal_concat': [2, 3]}}") == alone
    without = "reduce=None, reduce_concat=range(2, 4)"
    assert cell(f"Genotype(normal={nested}, normal_concat=[2, 3], {without})") == alone


def test_weights_beside_pairs_are_told_and_left_out():
    weighted = re.sub(r"(\d)\)", r"\1, 0.13)", NORMAL)
    found = cell(f"Genotype(normal={weighted}, normal_concat=range(2, 4))")
    assert found == Cells({"normal": CELLS["normal"]}, weighted=True)


def test_autodls_names_are_those_of_the_same_operations():
    text = f"Genotype({BOTH})".replace("sep_conv", "dua_sepc").replace("dil_conv", "dil_sepc")
    assert "dua_sepc_5x5" in text
    assert cell(text) == Cells(CELLS)


@pytest.mark.parametrize("name", [*PUBLISHED, *HAND_REDUCED])
def test_published_genotypes_survive_every_form(name):
    genotype = (PUBLISHED | HAND_REDUCED)[name].genotype
    fields = genotype.__dataclass_fields__
    printed = ", ".join(f"{field}={getattr(genotype, field)!r}" for field in fields)
    wanted = Cells({each: genotype.cell(each) for each in ("normal", "reduce")})
    for text in (f"Genotype({printed})", genotype.json(), genotype.text):
        assert cell(text) == wanted
    assert reader.asked(name).cell == wanted
    assert cell(f"normal: {genotype.cell('normal').text}").cells == {
        "normal": genotype.cell("normal")
    }


# --- recurrent cells


@pytest.mark.parametrize(
    "text",
    [
        f"Genotype(recurrent={PAIRS}, concat=range(1, 5))",
        f"Genotype(recurrent={PAIRS}, concat=[1, 2, 3, 4])",
        f"{{'recurrent': {PAIRS}, 'concat': [1, 2, 3, 4]}}",
        '{"nodes": [["tanh", 0], ["relu", 0], ["identity", 1], ["sigmoid", 3]], '
        '"concat": [1, 2, 3, 4], "origin": "drawn at random"}',
        TREE.text,
    ],
)
def test_recurrent_cells(text):
    assert cell(text) == TREE


# --- edge cells


def test_nas_bench_201s_texts_are_of_its_space():
    text = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|"
    code = NB201.code(("c3", "skip", "none", "avg", "none", "c1"))
    assert cell(text) == cell(text.replace("+", " + ")) == (NB201, code)
    only = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"  # T2 has a c3 too
    assert cell(only)[0] is NB201
    assert cell("|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|")[0] is NB201


def test_own_names_are_of_t2_and_of_t0():
    assert cell("|c3~0|+|c5~0|none~1|+|avg~0|none~1|skip~2|") == (T2, (2, 3, 0, 4, 0, 1))
    assert cell("|c1~0|+|c3~0|none~1|+|avg~0|none~1|skip~2|")[0] is NB201
    assert cell("|c5~0|+|skip~0|avg~1|") == (T0, (3, 1, 4))


@pytest.mark.parametrize("text", ["(2, 0, 1, 4, 3, 0)", "[2, 0, 1, 4, 3, 0]", "2, 0, 1, 4, 3, 0"])
def test_naslibs_numbers(text):
    assert cell(text) == (NB201, dialects.from_naslib((2, 0, 1, 4, 3, 0)))


# --- files


def test_files_of_trials(tmp_path: Path):
    record.keep_edge(tmp_path, T1, (1, 2, 0, 3, 0, 2), "said")
    assert reader.asked(f"{tmp_path}/cell.json").cell == (T1, (1, 2, 0, 3, 0, 2))
    genotype = PUBLISHED["DARTS_V1"].genotype
    record.keep_genotype(tmp_path, genotype, "said")
    found = reader.asked(f"{tmp_path}/cell.json")
    assert (found.name, found.cell.cells["reduce"]) == ("cell", genotype.cell("reduce"))


def test_a_file_s_cell_has_the_name_that_it_is_given_there(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("found.py").write_bytes(b"\xef\xbb\xbf# ours\r\nOURS = " + f"Genotype({BOTH})".encode())
    found = reader.asked("found.py")
    assert (found.name, found.cell) == ("OURS", Cells(CELLS))
    Path("DARTS_V2").write_text(TREE.text, encoding="utf-8")  # a name is a name
    assert reader.asked("DARTS_V2").citation == PUBLISHED["DARTS_V2"].citation
    assert reader.asked("./DARTS_V2").cell == TREE


def test_faults_of_files_name_them(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("\nGenotype(\n  normal=[],\n)", encoding="utf-8")
    Path("b.txt").write_bytes(b"|c3\xff")
    Path("c.txt").write_text("[" * (reader.LONGEST + 1), encoding="utf-8")
    Path("d").mkdir()
    for asked, said in [
        ("a.txt", "a.txt: line 3, column 10: normal: 0 pairs"),
        ("b.txt", "b.txt: byte 4 is no UTF-8"),
        ("c.txt", "c.txt: more than 100,000 bytes"),
        ("./d", "'./d': no such file"),
        ("e/cell.json", "'e/cell.json': no such file"),
    ]:
        with pytest.raises(Refused, match=re.escape(said)):
            reader.asked(asked)


# --- faults


GOOD = f"normal={NORMAL}, normal_concat=range(2, 4)"


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        (f"Genotype({GOOD.replace(', 2)', ', 3)')})", "3)", "normal, node 3: reads states 0 to 2"),
        (f"Genotype({GOOD.replace(', 1)', ', -1)')})", "-1", "reads states 0 to 1, not -1"),
        (f"Genotype({GOOD.replace('5x5', '5x6')})", "'dil", "did you mean 'dil_conv_5x5'?"),
        (f"Genotype({GOOD.replace(', 0)]', ',)]')})", "('dil", "is not (operation, state)"),
        (f"Genotype({GOOD.replace(', 0)]', ', True)]')})", "True", "True is no literal"),
        (f"Genotype({GOOD.replace('(2, 4)', '(2, 5)')})", "range", "states 0 to 3, not 4"),
        (f"Genotype({GOOD.replace('(2, 4)', '(0, 2)')})", "range", "no node leads to the output"),
        (f"Genotype({GOOD.replace('(2, 4)', '(2, 4, 0)')})", "range", "its step is 0"),
        (f"Genotype({GOOD.replace('(2, 4)', '(2, 1 << 60)')})", "1 <<", "is no literal"),
        (f"Genotype({GOOD.replace('(2, 4)', f'(2, {10**30})')})", "range", "not 4"),
        (f"Genotype({GOOD.replace('range(2, 4)', '[2, 2]')})", "2]", "state 2 comes twice"),
        (f"Genotype({GOOD.replace('range(2, 4)', '[2, None]')})", "None", "None is no state"),
        (f"Genotype({GOOD.replace('range(2, 4)', '3')})", "3)", "3 is no list of states"),
        (f"Genotype({GOOD}, reduced=[])", "reduced", "did you mean 'reduce'?"),
        (f"Genotype({GOOD}, reduce_concat=[2])", "reduce_c", "without the field 'reduce'"),
        (f"Genotype({GOOD}, connects=[1])", "[1]", "must be None"),
        (f"Genotype(normal={NORMAL})", "Genotype", "the field 'normal_concat' is missing"),
        (f"Genotype({NORMAL})", "[", "needs its field's name"),
        (f"Cell({GOOD})", "Cell", "is a call"),
        (f"Genotype({GOOD}, **more)", "more", "more is no literal"),
        (f"Genotype({GOOD[:-1]})", "(", "'(' was never closed"),
        (f"Genotype({GOOD}); 1", "1", "a text holds one cell"),
        ("é = Genotype(normal=ü)", "ü", "ü is no literal"),
        ('{"normal": "no"}', '"no"', '"no" is no list of pairs'),
        ('{"normal": [], "normal": []}', '"normal": []}', "'normal' comes twice"),
        ("{1: 2}", "1", "is no field's name"),
        ("{}", "{", "a cell begins with one of the fields"),
        ("{'normal': [(('none', 0),)], 'normal_concat': [2]}", "(('n", "1 pairs, but every node"),
        ("Genotype(recurrent=[('relu', 1)], concat=[1])", "1)", "reads state 0 only, not 1"),
        ("Genotype(recurrent=[('sep', 0)], concat=[1])", "'sep'", "unknown operation 'sep'"),
        ("Genotype(recurrent=[('relu', 0)], concat=[0])", "0])", "no node leads to the output"),
        ("(1, 2, 3, 4, 0)", "(", "5 numbers, but a cell of NASLib has 6"),
        ("(1, 2, 3, 4, 0, 5)", "5", "number 5 is 5; NASLib's operations are 0 to 4"),
        ("[('sep_conv_3x3', 0)]", "('", "is no number"),
        ("(0.5,)", "0.5", "is no number"),
        ("'text' ; 1", "1", "another statement"),
        ("('text')", "'", "'text' is no cell"),
        ('{"space": "T9", "cell": ""}', '"T9"', "unknown space"),
        ('{"space": "T1", "cell": "|c3~0|"}', '"|', "in the text of the cell, column"),
        ('{"space": "T1", "cell": 1}', "1}", "is no text of an edge cell"),
        ("|c5~0|+|skip~0|agv~1|", "agv", "did you mean 'avg'?"),
        ("|c5~0|+|skip~0|avg~2|", "avg", "stands where an operation and '~1' belongs"),
        ("|c5~0|+|skip~0|avg~1|c3~2|", "c3", "stands where the node's end belongs"),
        ("|c5~0|+|skip~0|avg~1|+", "", "node 3: '' must stand between bars"),  # cut, no T0
        ("|c5~0|+|skip~0||avg~1|", "|avg", "'' stands where"),
        ("|nor_conv_3x3~0|+|none~0|none~1|", "", "2 nodes, but NAS-Bench-201 has 3"),
        ("normal: none~0 none~1 ; concat 2 /", "", "the reduce cell must begin"),
        ("|c5~0|+skip~0|avg~1|", "skip", "must stand between bars"),
        ("|c5~0|+|skip~0|avg~1|+|c3~0|", "|", "here are 1"),
        ("|nor_conv_3x3~0|+|skip~0|none~1|+|none~0|none~1|none~2|", "skip", "'skip_connect'?"),
        ("normal: none~0 none~1 ; concat 2 / normal: none~0", "normal: none~0", "'reduce:'"),
        ("normal: none~0 none~1 | ; concat 2", "|", "a bar ends the last node"),
        ("normal: none~0 none~1 none~1 ; concat 2", "none~1 ;", "a node has two pairs"),
        ("normal: none~0 | none~1 ; concat 2", "|", "a node has two pairs"),
        ("normal: none~0 ; concat 2", " none", "1 pairs, but every node has 2"),
        ("normal: none~0 none-1 ; concat 2", "none-1", "is not 'operation~state'"),
        ("normal: none~0 none~1 ; concat 2 x", "x", "'; concat' and states end a cell"),
        ("normal: none~0 none~1 ; concat 7", "7", "there are states 0 to 2, not 7"),
        ("tanh~0 ; concat 1", "concat", "'; mean' and states end a cell"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_the_column(text, at, why):
    with pytest.raises(Refused) as refused:
        reader.read(text)
    said = str(refused.value)
    assert why in said
    assert "\n" not in said
    column = int(re.match(r"column (\d+): ", said)[1])
    assert text[column - 1 :].startswith(at)
    assert at or column == len(text) + 1  # the text ends too early


def test_nothing_of_a_text_is_run(tmp_path: Path):
    gone = tmp_path / "gone"
    for text in (
        f"__import__('pathlib').Path({str(gone)!r}).touch()",
        f"Genotype(normal=open({str(gone)!r}, 'w'))",
        f"[open({str(gone)!r}, 'w') for _ in 'a']",
    ):
        with pytest.raises(Refused, match=r"column \d+: "):
            reader.read(text)
    assert not gone.exists()


def test_numbers_too_long_to_print_are_refused():
    with pytest.raises(Refused, match="more than 12 digits"):
        reader.read(f"Genotype(normal=[('none', 0x{'f' * 9000})], normal_concat=[2])")
    with pytest.raises(Refused, match="column"):
        reader.read(f"({'9' * 9000},)")


@pytest.mark.parametrize("text", [f"({'-' * 50_000}1)", "(" * 5000, f"({'1+' * 30_000}1)"])
def test_deep_texts_are_refused(text):
    with pytest.raises(Refused, match=r"column \d+: (nested too deeply|too many nested)"):
        reader.read(text)
