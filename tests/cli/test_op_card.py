"""The card of a name as programs say it: ``F.relu``, ``torch.max``, ``linalg.eigh``."""

from __future__ import annotations

import pytest

from rushlight import cli


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("F.relu", "compiled: float64, float32"),
        ("Tensor.add_", "compiled: float64, float32"),
        ("torch.max", "compiled: float64, float32"),
        ("linalg.eigh", "host call: float64, float32"),
        ("fft.fft", "host call: float64, float32"),
        ("multinomial", "compiled: float64, float32"),
        ("unique", "on the host, no plan: float64, float32"),
    ],
)
def test_names_as_programs_say_them(
    name: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["op", name]) == 0
    assert shown in capsys.readouterr().out


def test_what_is_no_operation_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("nonsense", "nn.Linear", "linalg", "Tensor.shape"):
        assert cli.main(["op", name]) != 0
        assert "no operation is called" in capsys.readouterr().err
