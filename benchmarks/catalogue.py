"""Every workload by name: the import of a file of them enters what it has."""

from benchmarks import chains, data, language, overhead, training, vision  # noqa: F401
from benchmarks.workload import WORKLOADS

__all__ = ["WORKLOADS"]
