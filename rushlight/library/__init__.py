"""``torch.library``: operators of the user's own, by name, with gradient and rule for ``vmap``.

>>> import numpy, rushlight as torch
>>> @torch.library.custom_op("doc::cube", mutates_args=())
... def cube(x: torch.Tensor) -> torch.Tensor:
...     return torch.from_numpy(x.numpy() ** 3)
>>> torch.ops.doc.cube(torch.tensor([2.0]))
tensor([8.])
"""

from rushlight.library.operator import CustomOpDef
from rushlight.library.register import (
    Library,
    custom_op,
    define,
    impl,
    register_autograd,
    register_fake,
    register_kernel,
    register_vmap,
    triton_op,
)
from rushlight.library.schema import infer_schema

impl_abstract = register_fake

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "impl", "impl_abstract", "infer_schema",
    "register_autograd", "register_fake", "register_kernel", "register_vmap", "triton_op",
]  # fmt: skip
