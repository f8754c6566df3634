"""torch.hub: weights from an address, checked by the hash in their name; models of repositories."""

from __future__ import annotations

import builtins
import importlib.util
import os
import re
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from rushlight.base import config
from rushlight.hub_github import fetch
from rushlight.hub_progress import find_bar
from rushlight.serialization import load as load_file
from rushlight.utils.download import append_rest, file_sha256

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_chosen: str | None = None


def _get_torch_home() -> str:
    return str(config.torch_home())


def get_dir() -> str:
    """Where downloads are kept: ``set_dir``'s, else TORCH_HOME/hub, else ~/.cache/torch/hub."""
    return _chosen if _chosen is not None else str(config.torch_home() / "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Keep downloads in the folder ``d``."""
    global _chosen
    _chosen = os.path.expanduser(os.fspath(d))  # noqa: PTH111


def download_url_to_file(
    url: str, dst: str | os.PathLike[str], hash_prefix: str | None = None, progress: bool = True
) -> None:
    """The file at ``url`` as ``dst``, which is there only when it is whole.

    With a ``hash_prefix``, what an interrupted call left beside it (``dst.part``) is continued;
    without one nobody could tell whether the two ends fit. Raises RuntimeError if the SHA-256 does
    not begin with ``hash_prefix``; urllib.error.URLError if nothing answers.

    >>> import rushlight as torch
    >>> torch.hub.download_url_to_file("https://host/net.pth", "net.pth")  # doctest: +SKIP
    """
    target = Path(dst).expanduser()
    part = target.with_name(target.name + ".part")
    if hash_prefix is None:
        part.unlink(missing_ok=True)
    continued = part.exists()
    try:
        append_rest(url, part, target.name, progress)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not continued:
            raise
        # More than there is: of another file, or whole already. The hash below tells.
    if hash_prefix is not None:
        found = file_sha256(part)
        if found[: len(hash_prefix)] != hash_prefix:
            part.unlink()
            if continued:  # the old beginning may have been of another file
                download_url_to_file(url, dst, hash_prefix, progress)
                return
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{found}")')
    part.replace(target)


def load_state_dict_from_url(
    url: str,
    model_dir: str | os.PathLike[str] | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> Any:
    """``torch.load`` of the file at ``url``, downloaded once into ``model_dir``.

    ``check_hash``: the name holds the first digits of the SHA-256 (``resnet18-f37072fd.pth``).
    Unlike PyTorch's, ``weights_only`` is True if not given: no code from the file is run.

    >>> import rushlight as torch
    >>> url = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
    >>> state = torch.hub.load_state_dict_from_url(url, check_hash=True)  # doctest: +SKIP
    """
    folder = Path(get_dir()) / "checkpoints" if model_dir is None else Path(model_dir).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    name = file_name if file_name is not None else Path(urlparse(url).path).name
    target = folder / name
    if not target.exists():
        sys.stdout.write(f'Downloading: "{url}" to {target}\n')
        expected = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, target, expected.group(1) if expected else None, progress)
    return load_file(target, map_location=map_location, weights_only=weights_only)


def load(
    repo_or_dir: str | os.PathLike[str],
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: bool | str | None = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """What ``model(*args, **kwargs)`` of the repository's ``hubconf.py`` returns.

    ``source="github"``: ``owner/name[:branch, tag or commit]``, downloaded once into ``get_dir()``;
    "local": a folder. **It runs the code that is there**: ``trust_repo`` says whether to ask first
    (False), ask once for each repository ("check") or not to (True). Raises ValueError for another
    source, RuntimeError for a missing function or package, Exception if the user says no.

    >>> import rushlight as torch
    >>> torch.hub.load("/my/repo", "net", source="local")  # doctest: +SKIP
    """
    source = source.lower()
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    folder = os.fspath(repo_or_dir)
    if source == "github":
        folder = _fetched(folder, force_reload, skip_validation, trust_repo, verbose)
    with _on_the_path(folder):
        return _entry(_hubconf(folder), model)(*args, **kwargs)


def list(
    github: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: bool | str | None = "check",
    verbose: bool = True,
) -> builtins.list[str]:
    """The functions and classes that a repository's ``hubconf.py`` offers. See ``load``."""
    folder = _fetched(github, force_reload, skip_validation, trust_repo, verbose)
    with _on_the_path(folder):
        module = _hubconf(folder)
    return [name for name in dir(module) if callable(getattr(module, name)) and name[0] != "_"]


def help(
    github: str,
    model: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: bool | str | None = "check",
) -> str | None:
    """The docstring of one of them. See ``load``."""
    folder = _fetched(github, force_reload, skip_validation, trust_repo, True)
    with _on_the_path(folder):
        text: str | None = _entry(_hubconf(folder), model).__doc__
    return text


def _fetched(
    github: str, force_reload: bool, skip_validation: bool, trust: bool | str | None, verbose: bool
) -> str:
    folder = fetch(
        github, Path(get_dir()), download_url_to_file, reload=force_reload, trust=trust,
        verbose=verbose, check=not skip_validation,
    )  # fmt: skip
    return str(folder)


@contextmanager
def _on_the_path(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _hubconf(folder: str) -> Any:
    path = Path(folder) / "hubconf.py"
    spec = importlib.util.spec_from_file_location("hubconf.py", path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"torch.hub.load: {path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _entry(module: Any, model: str) -> Any:
    if not isinstance(model, str):
        raise ValueError("Invalid input: model should be a string of function name")
    needed = getattr(module, "dependencies", None) or ()
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    found = getattr(module, model, None)
    if not callable(found):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return found


def __getattr__(name: str) -> Any:
    if name == "tqdm":  # found when asked for: the package takes longer to import than this one
        return find_bar()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
