"""The same graph for many samples at once: what ``torch.vmap`` is made of, a rule a primitive.

``graph.py`` walks a graph of one sample and builds that of all samples; the rules are in
``movement.py``, ``reduce.py`` and ``contraction.py``. A primitive without a rule is done sample by
sample.
"""

from rushlight.ops.batching import contraction as contraction
from rushlight.ops.batching import movement as movement
from rushlight.ops.batching import reduce as reduce
from rushlight.ops.batching.graph import batched as batched
