"""Kernel text to object code. This file is also the program of a compile worker.

A worker runs it by path, so that neither the package nor NumPy is imported (the process is ready
in about 60 ms). It talks over its stdin and stdout, each message a length (8 bytes, little-endian)
and that many bytes. First comes the machine, three lines: CPU name, features, triple. Then every
message is a text and every answer a status byte (``+`` or ``-``) and the object code or the error.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import struct
import sys
from typing import IO, Any

# Part of every cache key: raise it when the passes below change.
PIPELINE_VERSION = 3
_LENGTH = struct.Struct("<Q")
# How often a waiting worker looks whether its parent is still there. A killed parent's pipe may
# be held open by the parent's other children, so end-of-file alone is not enough.
_PARENT_CHECK_S = 1.0


# First lines of texts that are compiled otherwise. What the recorder is made of (runtime/hot) gains
# nothing from passes over it, which are a quarter of what it costs; with little effort of LLVM's,
# code is there in a third of the time, and a step of few operations takes a twelfth longer.
PLAINLY = "; without passes\n"
QUICKLY = "; quickly\n"
# Plain loops, which LLVM is to make vectors of.
LOOPS = "; loops\n"
# Between texts that become one object.
NEXT = "\n; and\n"


class Target:
    """A CPU that LLVM makes code for.

    JIT code is in LLVM's large code model by default, where each vector constant takes a register
    for its address. The small model reads constants relative to the instruction; it needs a linker
    that puts code and constants next to each other, which JITLink does.
    """

    def __init__(self, binding: Any, name: str, features: str, triple: str) -> None:
        self.binding, self.triple = binding, triple
        self._words = {"cpu": name, "features": features}
        self.machine = self._machine(2)
        self._quick: Any = None

    def _machine(self, level: int) -> Any:
        return self.binding.Target.from_triple(self.triple).create_target_machine(
            **self._words, opt=level, reloc="pic", codemodel="small", jit=True
        )

    def optimised(self, text: str) -> Any:
        """Parse and optimise. Raises RuntimeError with LLVM's words if the text is not valid IR."""
        binding = self.binding
        modules = [binding.parse_assembly(each) for each in text.split(NEXT)]
        while len(modules) > 1:  # in pairs: each is linked a few times, not with all before it
            for into, other in zip(modules[::2], modules[1::2], strict=False):
                into.link_in(other)
            del modules[1::2]
        (module,) = modules
        module.triple = self.triple
        module.data_layout = str(self.machine.target_data)
        options = binding.create_pipeline_tuning_options(speed_level=1)
        # The emitters write explicit vectors and unroll by themselves; LLVM doing it again costs
        # compile time and, worse, registers.
        options.loop_vectorization = False
        options.slp_vectorization = False
        options.loop_interleaving = False
        options.loop_unrolling = False
        loops = text.startswith(LOOPS)
        if loops:
            options.speed_level, options.loop_vectorization = 2, True
        builder = binding.create_pass_builder(self.machine, options)
        # Inline what asks for it, then simplify each function. On our kernels (softmax, gelu,
        # chains, permutes, sums) this runs as fast as LLVM's whole O1, O2 or O3 and compiles in
        # 190 ms for 224, 240 and more. Without loop-invariant code motion, which only comes with
        # the function pipeline, it would be 130 ms, but permutes ran 10 % slower.
        whole = binding.create_new_module_pass_manager()
        whole.add_always_inliner_pass()
        whole.add_global_dead_code_eliminate_pass()
        whole.run(module, builder)
        if loops:
            builder.getModulePassManager().run(module, builder)
        elif not text.startswith((PLAINLY, QUICKLY)):
            each = builder.getFunctionPassManager()
            for function in module.functions:
                if not function.is_declaration:
                    each.run(function, builder)
        return module

    def build(self, text: str) -> bytes:
        """The object code of one kernel text."""
        machine = self._quickly() if text.startswith(QUICKLY) else self.machine
        return bytes(machine.emit_object(self.optimised(text)))

    def _quickly(self) -> Any:
        """A machine that makes little effort, but for the registers: with everything on the stack a
        function takes 5 ms and not 9, and a step a tenth longer. For the whole process, a worker's,
        the options say of level 0 what is so at the others.
        """
        if self._quick is None:
            for option in ("-optimize-regalloc", "-regalloc=greedy"):
                self.binding.set_option("", option)
            self._quick = self._machine(0)
        return self._quick


def write_message(stream: IO[bytes], payload: bytes) -> None:
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes | None:
    """One message, or None where the stream has ended."""
    head = _read_exactly(stream, _LENGTH.size)
    return None if head is None else _read_exactly(stream, _LENGTH.unpack(head)[0])


def _read_exactly(stream: IO[bytes], count: int) -> bytes | None:
    parts = []
    while count:
        part = stream.read(count)
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def serve(stdin: IO[bytes], stdout: IO[bytes], parent: int) -> None:
    """Answer texts until the parent closes the pipe or is gone."""
    binding = importlib.import_module("llvmlite.binding")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    setup = read_message(stdin)
    if setup is None:
        return
    target = Target(binding, *setup.decode().split("\n"))
    while True:
        while not select.select([stdin], [], [], _PARENT_CHECK_S)[0]:
            if os.getppid() != parent:
                return
        text = read_message(stdin)
        if text is None:
            return
        try:
            answer = b"+" + target.build(text.decode())
        except RuntimeError as error:
            answer = b"-" + str(error).encode()
        write_message(stdout, answer)


if __name__ == "__main__":
    # Arguments: the parent's process id, the folder that holds llvmlite.
    sys.path.append(sys.argv[2])
    # Unbuffered reading: select must see what has not been read yet. A parent that is gone by the
    # time of an answer is no trouble to tell anybody of.
    with (
        contextlib.suppress(BrokenPipeError),
        open(0, "rb", buffering=0) as incoming,
        open(1, "wb") as outgoing,
    ):
        serve(incoming, outgoing, int(sys.argv[1]))
