"""Bytes, threads and loaded code: what runs below every graph. Importing it opens nothing.

In the order that code flows: ``cgroup`` and ``cpu`` (this machine), ``llvm`` (imports llvmlite),
``object_code`` (text to object code), ``compile_workers`` (processes that do so), ``cache``
(objects on disk), ``code`` (kernel text to address); then ``platform_ir``, ``job_ir``, ``pool_ir``
and ``pool`` (threads), ``executor_ir`` and ``executor`` (programs: one native call for a whole
plan), ``tail_ir`` and ``tail`` (their ends, which run while Python goes on).
Beside them: ``buffer`` (aligned pooled memory), ``generator`` (random numbers as PyTorch's).
"""
