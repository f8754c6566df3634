"""Scripts run as ``python SCRIPT`` would run them, with Rushlight under PyTorch's names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import rushlight.compat

ROOT = Path(rushlight.compat.__file__).parent.parent.parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(source, *arguments)``: write the script, run it from another folder."""

    def run_source(
        source: str, *arguments: str, options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "scripts"
        folder.mkdir(exist_ok=True)
        (folder / "script.py").write_text(textwrap.dedent(source))
        return subprocess.run(
            [sys.executable, "-m", "rushlight", "run", *options, "scripts/script.py", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_source


def test_torch_is_rushlight_itself(run: Run) -> None:
    done = run("""
        import torch, rushlight, sys
        import torch.optim as optim
        import torch.utils.data
        from torch import nn
        assert torch is rushlight and optim is rushlight.optim and nn is rushlight.nn
        assert sys.modules["torch.utils.data"] is rushlight.utils.data
        assert rushlight.optim.__name__ == rushlight.optim.__spec__.name == "rushlight.optim"
        """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_script_sees_what_python_would_give_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "neighbour.py").write_text("value = 42")
    done = run(
        """
        import sys, neighbour
        print(__name__, sys.argv, neighbour.value, __file__, sys.path[0], sep="\\n")
        """,
        "--help",
        "x",
    )
    folder = tmp_path / "scripts"
    assert done.stdout.splitlines() == [
        "__main__",
        "['scripts/script.py', '--help', 'x']",
        "42",
        str(folder / "script.py"),
        str(folder.resolve()),
    ]


@pytest.mark.parametrize(("ending", "status"), [("", 0), ("sys.exit(7)", 7), ("sys.exit('x')", 1)])
def test_exit_status_passes_through(run: Run, ending: str, status: int) -> None:
    assert run(f"import sys\n{ending}").returncode == status


def test_a_traceback_starts_in_the_script(run: Run) -> None:
    done = run("""
        def fails():
            raise ValueError("no")
        fails()
        """)
    frames = [line for line in done.stderr.splitlines() if line.startswith("  File ")]
    assert done.returncode == 1
    assert [frame.split(", ")[0].endswith('scripts/script.py"') for frame in frames] == [True, True]
    assert done.stderr.splitlines()[-1] == "ValueError: no"


def test_a_syntax_error_shows_the_line_only(run: Run) -> None:
    done = run("if True\n")
    assert done.returncode == 1
    assert done.stderr.startswith('  File "')
    assert "SyntaxError" in done.stderr.splitlines()[-1]


def test_the_scripts_own_excepthook_gets_the_script_only(run: Run) -> None:
    done = run("""
        import sys, traceback
        sys.excepthook = lambda kind, error, trace: print(len(traceback.extract_tb(trace)))
        raise ValueError
        """)
    assert done.stdout == "1\n"


def test_an_interrupt_ends_with_130(run: Run) -> None:
    done = run("raise KeyboardInterrupt")
    assert done.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize("name", ["torch.not_there", "torch.engine", "torch.tensor"])
def test_a_missing_module_says_that_it_is_rushlight(run: Run, name: str) -> None:
    done = run(f"import {name}")
    assert done.returncode == 1
    message = f"ModuleNotFoundError: No module named '{name}': 'torch' is Rushlight here"
    assert done.stderr.splitlines()[-1].startswith(message)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes_find_rushlight_too(run: Run, method: str) -> None:
    done = run(
        """
        import multiprocessing, sys
        from rushlight.base import config

        def work(queue):
            import torch
            queue.put((torch.__spec__.name, config.ERA))

        if __name__ == "__main__":
            context = multiprocessing.get_context(sys.argv[1])
            queue = context.Queue()
            process = context.Process(target=work, args=(queue,))
            process.start()
            print(queue.get(timeout=300))
            process.join()
            sys.exit(process.exitcode)
        """,
        method,
        options=("--era", "2017"),
    )
    assert done.stdout == "('rushlight', 2017)\n", done.stderr
    assert done.returncode == 0


def test_real_pytorch_imported_before_is_refused() -> None:
    source = """
import sys, types
sys.modules["torch"] = types.ModuleType("torch")
import rushlight.compat
try:
    rushlight.compat.install()
except RuntimeError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.startswith("compat.install: 'torch' is imported already")


def test_uninstall_takes_the_names_back() -> None:
    source = """
import sys
import rushlight.compat
rushlight.compat.install()
import torch
rushlight.compat.uninstall()
print(rushlight.compat.installed(), "torch" in sys.modules, "rushlight" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.stdout == "False False True\n"


def test_a_loss_was_a_vector_of_one_until_2017(run: Run) -> None:
    source = """
        import torch
        loss = torch.tensor(2.5)
        print(loss.data[0], type(loss.data[0]).__name__)
        """
    old = run(source, options=("--era", "2017"))
    assert (old.returncode, old.stdout) == (0, "2.5 float\n")
    new = run(source)
    assert new.returncode == 1 and "rushlight run --era 2017" in new.stderr


def test_a_script_finds_the_version_and_the_name_of_what_it_imports(run: Run) -> None:
    done = run(
        """
        import torch, torchvision
        from importlib.metadata import version
        assert version("torch") == torch.__version__
        assert version("torchvision") == torchvision.__version__
        assert (torch.__name__, torchvision.__name__) == ("torch", "torchvision")
        import torch.nn as nn
        assert nn is torch.nn
        """
    )
    assert done.returncode == 0, done.stderr
