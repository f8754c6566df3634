"""``__truncdfhf2``: what LLVM calls to round a double to float16 on CPUs of the x86 kind.

Kernels round to float and that to float16, as PyTorch does. Where both steps meet, LLVM sometimes
makes them one call of this function, which no library here has. This one takes the two steps.
"""

from __future__ import annotations

NAME = b"__truncdfhf2"

TEXT = """
define half @__truncdfhf2(double %x) {
  %single = fptrunc double %x to float
  %four = insertelement <4 x float> zeroinitializer, float %single, i64 0
  %halves = call <8 x i16> @llvm.x86.vcvtps2ph.128(<4 x float> %four, i32 4)
  %bits = extractelement <8 x i16> %halves, i64 0
  %half = bitcast i16 %bits to half
  ret half %half
}

declare <8 x i16> @llvm.x86.vcvtps2ph.128(<4 x float>, i32)
"""
