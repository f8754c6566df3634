"""Loading kernels: where they come from, what LLVM refuses, processes that help."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rushlight.base import config
from rushlight.runtime import code, compile_workers, cpu, llvm, object_code

Script = Callable[..., "subprocess.CompletedProcess[str]"]


def constant(number: int, symbol: str = "constant", padding: int = 0) -> str:
    comment = "; " + "x" * 98 + "\n"
    body = f"define i64 @{symbol}(ptr %a, i64 %b, i64 %e) {{ ret i64 {number} }}\n"
    return comment * (padding // 100) + body


def call(address: int) -> int:
    word = ctypes.c_int64
    return int(ctypes.CFUNCTYPE(word, word, word, word)(address)(0, 0, 0))


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[code._Loaded]:
    """``code`` as in a new process, its disk cache in a folder of its own."""
    monkeypatch.setattr(config, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(config, "NO_CACHE", False)
    loaded = code._Loaded()
    monkeypatch.setattr(code, "_loaded", loaded)
    compile_workers.close()  # those that tests before this one have warmed
    yield loaded
    compile_workers.close()


def test_memory_then_disk_then_llvm(fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = [(f"k{n}", constant(n, f"k{n}")) for n in range(5)]
    addresses = code.load(kernels)
    assert [call(addresses[f"k{n}"]) for n in range(5)] == list(range(5))
    assert (code.stats().compiled, code.stats().disk_hits, code.stats().memory_hits) == (5, 0, 0)
    assert code.load(kernels) == addresses
    assert (code.stats().compiled, code.stats().memory_hits) == (5, 5)

    again = code._Loaded()
    monkeypatch.setattr(code, "_loaded", again)
    addresses = code.load(kernels)
    assert [call(addresses[f"k{n}"]) for n in range(5)] == list(range(5))
    assert (code.stats().compiled, code.stats().disk_hits) == (0, 5)


def test_same_symbol_in_two_texts(fresh: code._Loaded) -> None:
    one = code.load([("constant", constant(1))])["constant"]
    two = code.load([("constant", constant(2))])["constant"]
    assert (call(one), call(two)) == (1, 2)


def test_helpers_of_one_name_in_one_load(fresh: code._Loaded) -> None:
    def with_helper(symbol: str, number: int) -> str:
        call_helper = "%r = call i64 @helper(ptr %a, i64 %b, i64 %e)\n ret i64 %r"
        kernel = f"define i64 @{symbol}(ptr %a, i64 %b, i64 %e) {{\n {call_helper}\n}}\n"
        return constant(number, "helper") + kernel

    addresses = code.load([("a", with_helper("a", 1)), ("b", with_helper("b", 2))])
    assert (call(addresses["a"]), call(addresses["b"])) == (1, 2)


def test_two_symbols_of_one_text(fresh: code._Loaded) -> None:
    text = constant(1, "a") + constant(2, "b")
    addresses = code.load([("a", text), ("b", text)])
    assert (call(addresses["a"]), call(addresses["b"])) == (1, 2)
    assert code.stats().compiled == 1


def test_clear_unloads(fresh: code._Loaded) -> None:
    code.load([("constant", constant(3))])
    code.clear()
    assert call(code.load([("constant", constant(3))])["constant"]) == 3
    assert (code.stats().compiled, code.stats().disk_hits) == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("define i64 @k(ptr %a) { ret i32 0 }", "ret i32 0"),
        ("nonsense", "nonsense"),
        ("declare i64 @k(ptr, i64, i64)", "k"),
        (
            "declare i64 @no_such_function_at_all()\n"
            "define i64 @k(ptr %a) {\n %r = call i64 @no_such_function_at_all()\n ret i64 %r\n}",
            "no_such_function_at_all",
        ),
    ],
)
def test_text_that_llvm_refuses(fresh: code._Loaded, text: str, message: str) -> None:
    with pytest.raises(code.CompilerError, match=message) as caught:
        code.load([("k", text)])
    assert isinstance(caught.value, RuntimeError)
    # The next kernel is none the worse for it.
    assert call(code.load([("constant", constant(4))])["constant"]) == 4


def test_helpers_compile_the_same(fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "COMPILE_WORKERS", 3)
    kernels = [(f"k{n}", constant(n, f"k{n}", 20_000)) for n in range(12)]
    addresses = code.load(kernels)
    assert [call(addresses[f"k{n}"]) for n in range(12)] == list(range(12))
    assert compile_workers.warm() == 2
    compile_workers.close()
    assert compile_workers.warm() == 0


def test_helpers_that_come_back_at_the_end_of_the_process_are_ended(
    fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compile_workers, "_ending", True)
    texts = [constant(number, f"ending{number}") for number in range(2)]
    built = compile_workers.build_all(texts, 1, code._setup(), None)
    assert all(isinstance(each, bytes) for each in built)
    assert compile_workers.warm() == 0


def test_worker_and_this_process_give_the_same_bytes() -> None:
    host, text = cpu.host(), constant(5)
    setup = "\n".join((host.name, host.features, host.triple)).encode()
    worker = compile_workers._Worker(setup)
    try:
        there = worker.build(text)
        with pytest.raises(RuntimeError, match="expected top-level entity"):
            worker.build("nonsense")
        assert worker.build(text) == there
    finally:
        worker.close()
    target = object_code.Target(llvm.binding(), host.name, host.features, host.triple)
    assert target.build(text) == there


def test_a_worker_whose_parent_reads_no_more_ends_in_silence() -> None:
    command = [sys.executable, "-I", "-S", object_code.__file__, str(os.getpid())]
    worker = subprocess.Popen(
        [*command, llvm.site_folder()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    with worker:
        assert worker.stdin is not None and worker.stdout and worker.stderr
        worker.stdout.close()
        object_code.write_message(worker.stdin, code._setup())
        object_code.write_message(worker.stdin, constant(1).encode())
        assert worker.stderr.read() == b""
    assert worker.returncode == 0


def test_errors_of_helpers_arrive(fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "COMPILE_WORKERS", 2)
    kernels = [(f"k{n}", constant(n, f"k{n}", 60_000)) for n in range(6)]
    kernels[3] = ("k3", "; " + "x" * 60_000 + "\nnonsense")
    with pytest.raises(code.CompilerError, match="expected top-level entity"):
        code.load(kernels)


def test_helper_killed_in_the_middle(fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "COMPILE_WORKERS", 2)
    code.load([(f"k{n}", constant(n, f"k{n}", 60_000)) for n in range(6)])
    for worker in compile_workers._idle:
        worker._process.send_signal(signal.SIGKILL)
        worker._process.wait()
    kernels = [(f"n{n}", constant(n, f"n{n}", 60_000)) for n in range(6)]
    addresses = code.load(kernels)
    assert [call(addresses[f"n{n}"]) for n in range(6)] == list(range(6))


def test_helper_whose_answer_nobody_wants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "silent.py"
    silent.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(compile_workers.object_code, "__file__", str(silent))
    monkeypatch.setattr(compile_workers, "_idle", [])
    monkeypatch.setattr(compile_workers, "_busy", set())
    results: list[bytes | RuntimeError] = []
    thread = threading.Thread(
        target=lambda: results.extend(compile_workers.build_all(["text"], 1, b"", None))
    )
    thread.start()
    while not compile_workers._busy:
        time.sleep(0.001)
    compile_workers.give_up()
    thread.join()
    assert isinstance(results[0], compile_workers.WorkerDied)
    assert not compile_workers._busy
    assert not compile_workers._idle


def test_helper_that_has_answered_when_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_workers, "_idle", [])
    monkeypatch.setattr(compile_workers, "_busy", set())
    host = cpu.host()
    setup = "\n".join((host.name, host.features, host.triple)).encode()
    worker = compile_workers._take(setup)
    assert worker is not None
    assert worker.build(constant(1))
    compile_workers.give_up()
    compile_workers._give_back(worker)
    assert not compile_workers._idle  # the next would find it dead
    assert not compile_workers._busy


def test_text_that_ends_the_process_that_compiles_it() -> None:
    if cpu.host().isa == "neon":
        pytest.skip("the intrinsic is Arm's")
    # LLVM ends the process on what it cannot select; a second process may try, this one must not.
    text = (
        "declare i64 @llvm.aarch64.get.fpcr()\n"
        "define i64 @k(ptr %a) {\n %r = call i64 @llvm.aarch64.get.fpcr()\n ret i64 %r\n}"
    )
    host = cpu.host()
    setup = "\n".join((host.name, host.features, host.triple)).encode()
    worker, result = compile_workers._second_try(setup, text)
    assert isinstance(result, compile_workers.WorkerDied)
    assert worker is not None
    assert worker.build(constant(1))
    worker.close()


def test_idle_helpers_end(fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "COMPILE_WORKERS", 2)
    monkeypatch.setattr(compile_workers, "IDLE_S", 0.05)
    code.load([(f"k{n}", constant(n, f"k{n}", 60_000)) for n in range(6)])
    deadline = time.monotonic() + 300
    while compile_workers.warm() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert compile_workers.warm() == 0


def test_helpers_end_when_the_parent_is_killed(run_script: Script) -> None:
    done = run_script(
        "import os, signal\n"
        "from rushlight.runtime import code, compile_workers\n"
        "pad = '; ' + 'x' * 60000 + '\\n'\n"
        "text = pad + 'define i64 @k%d(ptr %%a, i64 %%b, i64 %%e) { ret i64 0 }'\n"
        "code.load([(f'k{n}', text % n) for n in range(6)])\n"
        "print(*[w._process.pid for w in compile_workers._idle], flush=True)\n"
        # A child that holds the pipes of the helper open for longer than the helper may live.
        "if os.fork() == 0:\n"
        "    import time; os.close(1); os.close(2); time.sleep(20); os._exit(0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n",
        COMPILE_WORKERS=2,
    )
    pids = [int(text) for text in done.stdout.split()]
    assert len(pids) == 1
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and alive(pids[0]):
        time.sleep(0.05)
    assert not alive(pids[0])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_fork_does_not_share_helpers(fresh: code._Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "COMPILE_WORKERS", 2)
    code.load([(f"k{n}", constant(n, f"k{n}", 60_000)) for n in range(6)])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if compile_workers.warm() == 0:
                kernels = [(f"c{n}", constant(n, f"c{n}", 60_000)) for n in range(6)]
                addresses = code.load(kernels)
                status = 0 if call(addresses["c5"]) == 5 else 2
            compile_workers.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert compile_workers.warm() == 1


def test_debug_prints_the_text_and_the_assembly(run_script: Script) -> None:
    script = (
        "from rushlight.runtime import code\n"
        "code.load([('k', 'define i64 @k(ptr %a, i64 %b, i64 %e) { ret i64 77 }')])\n"
    )
    quiet = run_script(script, DEBUG=0, NO_CACHE=1).stderr
    four = run_script(script, DEBUG=4, NO_CACHE=1).stderr
    five = run_script(script, DEBUG=5, NO_CACHE=1).stderr
    assert quiet == ""
    assert "ret i64 77" in four
    assert ".globl" not in four
    assert "ret i64 77" in five
    assert ".globl\tk" in five


def test_assembly_for_another_cpu() -> None:
    text = (
        "define i64 @k(ptr %a) {\n"
        " %v = load <16 x float>, ptr %a\n"
        " %w = fmul <16 x float> %v, %v\n"
        " store <16 x float> %w, ptr %a\n"
        " ret i64 0\n}"
    )
    if cpu.host().isa == "neon":
        pytest.skip("x86 only")
    assert "zmm" in code.assembly(text, cpu.named("avx512"))
    assert "ymm" in code.assembly(text, cpu.named("avx2"))
    assert "xmm" in code.assembly(text, cpu.named("portable"))
    with pytest.raises(code.CompilerError):
        code.assembly("nonsense")


def test_importing_the_runtime_does_not_import_llvmlite(run_script: Script) -> None:
    done = run_script(
        "import sys\n"
        "from rushlight.runtime import buffer, code, cpu, executor, pool\n"
        "print('llvmlite' in sys.modules, pool.get_num_threads() > 0)"
    )
    assert done.stdout == "False True\n", done.stderr
