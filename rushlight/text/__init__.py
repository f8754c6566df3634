"""torchtext's names: corpora by their published layout, tokenisers, vocabularies, transforms."""

from rushlight.base.left_out import leaving_out
from rushlight.text import data, datasets, functional, legacy, transforms, vocab

__version__ = "0.18.0"  # whose interface this is

__all__ = ["data", "datasets", "functional", "legacy", "transforms", "vocab"]

__getattr__ = leaving_out(
    "torchtext",
    dict.fromkeys(
        ("experimental", "models", "nn", "prototype"),
        "of torchtext there are data sets, tokenisers, vocabularies and transforms",
    ),
)


def disable_torchtext_deprecation_warning() -> None:
    """Nothing to do: the warning that torchtext 0.18 is the last one is not made here."""


def _keep_old_places() -> None:
    """Until 0.8, legacy's names were those of ``data`` and ``datasets`` themselves."""
    for module, old in ((data, legacy.data), (datasets, legacy.datasets)):
        for name in old.__all__:
            if not hasattr(module, name):
                setattr(module, name, getattr(old, name))
            elif module is datasets:  # now a function; programs of then ask for its parts
                for part in {"splits", "iters"} & set(dir(getattr(old, name))):
                    setattr(getattr(module, name), part, getattr(getattr(old, name), part))


_keep_old_places()
