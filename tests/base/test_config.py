"""Switches of the environment: misspelt ones are warned of, values that mean nothing refused."""

from __future__ import annotations

import pytest

from rushlight.base import config


def _flag(name: str) -> config.Flag:
    return next(flag for flag in config.FLAGS if flag.name == name)


def test_of_a_misspelt_switch_there_is_a_warning_that_names_the_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUSHLIGHT_DEGUB", "1")
    with pytest.warns(UserWarning, match=r"RUSHLIGHT_DEGUB is set.*RUSHLIGHT_DEBUG, RUSHLIGHT_CH"):
        config._warn_of_unknown()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CHECK", "ture", "'ture', needs one of 1, true, yes, on or 0, false, no, off"),
        ("NUM_THREADS", "-1", "'-1', needs a whole number from 0 on"),
        ("DEBUG", "much", "'much', needs a whole number from 0 on"),
    ],
)
def test_a_value_that_means_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, message: str
) -> None:
    monkeypatch.setenv(f"RUSHLIGHT_{name}", text)
    with pytest.raises(ValueError, match=message):
        config._read(_flag(name))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("CHECK", "Yes", True),
        ("CHECK", "", False),
        ("HOT", "", 4),
        ("NUM_THREADS", " 3", 3),
        ("CPU", "x", "x"),
    ],
)
def test_values(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object) -> None:
    monkeypatch.setenv(f"RUSHLIGHT_{name}", text)
    assert config._read(_flag(name)) == value
