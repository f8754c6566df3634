"""README's table and docs/benchmarks.md say what benchmarks/results.json says, and no more."""

from __future__ import annotations

from tools import readme_table

WHERE = "Measured on 2 cores, PyTorch 2.13.0, commit abc1234, 2026-11-21."
RESULTS = {
    "machine": "2 cores",
    "date": "2026-11-21",
    "commit": "abc1234",
    "torch": "2.13.0",
    "rows": [
        {"name": "one op on 4 numbers, 1 thread", "unit": "us", "rushlight": 1.0, "torch": 1.5,
         "ratio": 1.5},
        {"name": "net, step", "unit": "ms", "rushlight": 0.5, "torch": 2.0, "ratio": 4.0,
         "spread": [3.8, 4.25], "ratio_compile": 2.5, "of_roofline": 0.25},
        {"name": "net, step, 1 thread", "unit": "ms", "rushlight": 1.0, "torch": 3.0, "ratio": 3.0},
        {"name": "x.var(1)", "unit": "GB/s", "rushlight": 30.0, "torch": 1.0, "ratio": 30.0},
        {"name": "import", "unit": "s", "rushlight": 0.12, "torch": None, "ratio": None},
    ],
}  # fmt: skip


def test_readme_has_one_row_a_claim() -> None:
    assert readme_table.table(RESULTS).splitlines() == [
        "| | PyTorch | Rushlight | ratio | on 1 thread |",
        "|---|---|---|---|---|",
        "| net, step | 2 ms | 0.5 ms | **4.00** | **3.00** |",
        "| import | - | 0.12 s | - |  |",
        "| one op on 4 numbers | 1.5 us | 1 us |  | **1.50** |",
        "",
        WHERE,
    ]


def test_the_page_has_every_row() -> None:
    rows = readme_table.page(RESULTS).splitlines()
    assert "| net, step | 2 ms | 0.5 ms | **4.00** (3.80 to 4.25) | 2.50 | 25% |" in rows
    assert "| net, step, 1 thread | 3 ms | 1 ms | **3.00** |  |  |" in rows
    assert "| x.var(1) | 1 GB/s | 30 GB/s | **30.00** |  |  |" in rows
    assert "| import | - | 0.12 s | - |  |  |" in rows
    assert rows[-1] == WHERE


def test_no_results_no_numbers() -> None:
    assert readme_table.table(None) == readme_table.table({"rows": []}) == readme_table.EMPTY
    assert readme_table.page(None).endswith(readme_table.EMPTY + "\n")


def test_only_the_part_between_the_markers_changes() -> None:
    readme = f"before\n{readme_table.BEGIN} (x) -->\nold\n{readme_table.END}\nafter\n"
    expected = f"before\n{readme_table.BEGIN} (x) -->\nnew\n{readme_table.END}\nafter\n"
    assert readme_table.filled(readme, "new") == expected
