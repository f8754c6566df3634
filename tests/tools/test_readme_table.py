"""The README's table says what benchmarks/results.json says, and nothing when it says nothing."""

from __future__ import annotations

from tools import readme_table

RESULTS = {
    "machine": "2 cores",
    "date": "2026-11-21",
    "commit": "abc1234",
    "torch": "2.13.0",
    "rows": [
        {
            "name": "a step",
            "unit": "ms",
            "rushlight": 0.5,
            "torch": 2.0,
            "ratio": 4.0,
            "spread": [3.8, 4.25],
        },
        {"name": "import", "unit": "s", "rushlight": 0.12, "torch": None, "ratio": None},
    ],
}


def test_rows_with_and_without_a_peer() -> None:
    assert readme_table.table(RESULTS).splitlines() == [
        "| | PyTorch | Rushlight | ratio |",
        "|---|---|---|---|",
        "| a step | 2 ms | 0.5 ms | **4.00** (3.80 to 4.25) |",
        "| import | - | 0.12 s | - |",
        "",
        "Measured on 2 cores, PyTorch 2.13.0, commit abc1234, 2026-11-21.",
    ]


def test_no_results_no_numbers() -> None:
    assert readme_table.table(None) == readme_table.table({"rows": []}) == readme_table.EMPTY


def test_only_the_part_between_the_markers_changes() -> None:
    readme = f"before\n{readme_table.BEGIN} (x) -->\nold\n{readme_table.END}\nafter\n"
    expected = f"before\n{readme_table.BEGIN} (x) -->\nnew\n{readme_table.END}\nafter\n"
    assert readme_table.filled(readme, "new") == expected
