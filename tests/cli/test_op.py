"""The card of an operation leads to the file and line of each of its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushlight import cli
from rushlight.cli.op import ROOT, card, import_every_op
from rushlight.ops.table import OPS


@pytest.mark.parametrize(("name", "row"), [("sigmoid", "defined"), ("neg", "body")])
def test_a_card_shows_where_an_op_stands(
    name: str, row: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["op", name]) == 0
    text = capsys.readouterr().out
    place = next(line.split()[1] for line in text.splitlines() if line.startswith(row))
    file, line = place.split(":")
    source = (ROOT / file).read_text().splitlines()
    assert any(name in each for each in source[int(line) - 1 : int(line) + 2])
    assert f"torch.{name}" in text
    assert f"Tensor.{name}" in text


def test_a_card_says_what_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["op", "add"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("runs")]
    compiled = next(row for row in rows if "compiled: " in row)
    kinds = {"float32", "float64", "int64", "bfloat16", "complex64"}
    assert kinds <= set(compiled.split(": ")[1].split(", "))
    assert cli.main(["op", "sin"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("runs")]
    assert any("host call: " in row and "complex64" in row for row in rows)


def test_a_primitive_that_is_no_op_has_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["op", "conv_input_grad"]) == 0
    assert capsys.readouterr().out.startswith("primitive  conv_input_grad: ")


def test_every_op_has_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the trial compilations: ten dtypes of some three hundred ops take their time.
    monkeypatch.setattr("rushlight.cli.op.lowerings", lambda each: ())
    import_every_op()
    for each in OPS.values():
        rows = [line.split()[0] for line in card(each) if line and not line.startswith(" ")]
        assert {"kind", "users", "body"} <= set(rows), each


def test_the_list_names_every_op(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["op"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = {name for line in lines[:-1] for name in line.partition(": ")[2].split(", ")}
    assert named == set(OPS)
    assert all(Path(ROOT / line.partition(":")[0]).is_file() for line in lines[:-1])


def test_a_body_that_whole_numbers_overflow_has_a_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["op", "_grid_sample"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("runs")]
    assert any("compiled: " in row and "float32" in row for row in rows)
