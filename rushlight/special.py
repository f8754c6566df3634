"""torch.special: special functions of one and two numbers, element by element.

>>> import rushlight as torch
>>> torch.special.i0e(torch.zeros(2))
tensor([1., 1.])
"""

from __future__ import annotations

from rushlight.ops.table import OPS
from rushlight.tensor.functions import FUNCTIONS, load_rare
from rushlight.tensor.wrap import function

_PREFIX = "_special_"
# Names that torch has at the top level too, under the same or another name.
_OTHERS = {
    "digamma": "digamma", "psi": "digamma", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv",
    "exp2": "exp2", "expit": "sigmoid", "expm1": "expm1", "gammainc": "igamma",
    "gammaincc": "igammac", "gammaln": "lgamma", "i0": "i0", "log1p": "log1p", "logit": "logit",
    "logsumexp": "logsumexp", "multigammaln": "mvlgamma", "round": "round", "sinc": "sinc",
    "xlogy": "xlogy",
}  # fmt: skip

load_rare()
globals().update(
    {name.removeprefix(_PREFIX): function(name) for name in OPS if name.startswith(_PREFIX)}
)
globals().update({name: function(other) for name, other in _OTHERS.items()})
softmax = function("softmax")
log_softmax = function("log_softmax")
polygamma = FUNCTIONS["polygamma"]

__all__ = [
    "log_softmax", "polygamma", "softmax", *_OTHERS,
    *(name.removeprefix(_PREFIX) for name in OPS if name.startswith(_PREFIX)),
]  # fmt: skip
