"""``torch.utils.dlpack``: see tensor/dlpack.py."""

from rushlight.tensor.dlpack import from_dlpack as from_dlpack
from rushlight.tensor.dlpack import to_dlpack as to_dlpack
