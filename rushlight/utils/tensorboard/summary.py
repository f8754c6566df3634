"""``torch.utils.tensorboard.summary``: what writers of users' own import."""

from __future__ import annotations

from typing import Any

from rushlight.utils.tensorboard import summaries

__all__ = ["hparams"]


def hparams(
    hparam_dict: dict[str, Any], metric_dict: dict[str, Any],
    hparam_domain_discrete: dict[str, list[Any]] | None = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """(experiment, start, end) of a run with these settings that reached ``metric_dict``."""
    return summaries.hparams(hparam_dict, metric_dict, hparam_domain_discrete)
