"""``torch.func``: functions of functions. A transformation a file."""

from rushlight.func.batch_norm import (
    replace_all_batch_norm_modules_ as replace_all_batch_norm_modules_,
)
from rushlight.func.forward import jvp as jvp
from rushlight.func.forward import linearize as linearize
from rushlight.func.functional_call import functional_call as functional_call
from rushlight.func.functionalize import functionalize as functionalize
from rushlight.func.grad import grad as grad
from rushlight.func.grad import grad_and_value as grad_and_value
from rushlight.func.grad import vjp as vjp
from rushlight.func.jacobian import hessian as hessian
from rushlight.func.jacobian import jacfwd as jacfwd
from rushlight.func.jacobian import jacrev as jacrev
from rushlight.func.rearrange import rearrange as rearrange
from rushlight.func.stack_module_state import stack_module_state as stack_module_state
from rushlight.func.vmap import vmap as vmap
