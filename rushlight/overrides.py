"""``torch.overrides``: see tensor/overrides.py."""

from rushlight.tensor.overrides import BaseTorchFunctionMode as BaseTorchFunctionMode
from rushlight.tensor.overrides import TorchFunctionMode as TorchFunctionMode
from rushlight.tensor.overrides import handle_torch_function as handle_torch_function
from rushlight.tensor.overrides import has_torch_function as has_torch_function
from rushlight.tensor.overrides import has_torch_function_unary as has_torch_function_unary
from rushlight.tensor.overrides import has_torch_function_variadic as has_torch_function_variadic
from rushlight.tensor.overrides import is_tensor_like as is_tensor_like
