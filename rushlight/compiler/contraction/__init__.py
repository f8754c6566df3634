"""Contractions: matmul and convolution, forward and both gradients, from one tile generator."""

from rushlight.compiler.contraction.conv import conv
from rushlight.compiler.contraction.conv_input import conv_input_grad
from rushlight.compiler.contraction.conv_weight import conv_weight_grad
from rushlight.compiler.contraction.matmul import matmul
from rushlight.compiler.contraction.operand import Epilogue, Operand

__all__ = ["Epilogue", "Operand", "conv", "conv_input_grad", "conv_weight_grad", "matmul"]
