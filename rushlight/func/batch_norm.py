"""``replace_all_batch_norm_modules_``: batch norm that changes nothing when it is called."""

from __future__ import annotations

from rushlight.nn import Module
from rushlight.nn.modules.batchnorm import _BatchNorm


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """``root``, its batch norms without running statistics: each batch is normalised by its own.

    A function of functions calls its function as often as it likes, and statistics that are written
    on the way would count each call.

    >>> import rushlight as torch
    >>> net = torch.func.replace_all_batch_norm_modules_(torch.nn.BatchNorm1d(3))
    >>> net.running_mean is None, net.track_running_stats
    (True, False)
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats:
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
