"""``torch.func``: functions of functions. A transformation a file."""

from rushlight.func.functional_call import functional_call as functional_call
from rushlight.func.vmap import vmap as vmap
