"""Loop kernels: element-wise chains, reductions and movement as one loop nest each."""
