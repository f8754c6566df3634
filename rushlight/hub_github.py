"""Repositories on GitHub as torch.hub keeps them: found, trusted, fetched, unpacked once.

``owner/name:ref`` lies in the folder ``owner_name_ref``; the owners and names that the user said
yes to are lines of the file ``trusted_list`` beside it.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from rushlight.base import config

TRUSTED_OWNERS = ("facebookresearch", "facebookincubator", "pytorch", "fairinternal")
_WEB, _API = "https://github.com", "https://api.github.com/repos"
_PAGE = 100
_SECONDS = 20.0


class Repository(NamedTuple):
    """A state of a repository: a branch, a tag or the beginning of a commit's hash."""

    owner: str
    name: str
    ref: str

    @property
    def folder(self) -> str:
        """Its name in the hub's folder."""
        return "_".join((self.owner, self.name, self.ref)).replace("/", "_")


def _read(url: str, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, headers=headers) if headers else url
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        content: bytes = answer.read()
    return content


def parse(text: str, hub: Path) -> Repository:
    """The repository that ``owner/name[:ref]`` means. Raises ValueError for another form.

    Without a ref the branch main, or master where GitHub says there is no main. RuntimeError where
    GitHub cannot be asked and neither is in the folder ``hub``.
    """
    ref: str | None = None
    if ":" in text:
        text, ref = text.split(":")
    owner, name = text.split("/")
    if ref is None:
        ref = _default_branch(owner, name, hub)
    return Repository(owner, name, ref)


def _default_branch(owner: str, name: str, hub: Path) -> str:
    try:
        _read(f"{_WEB}/{owner}/{name}/tree/main/")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return "master"
    except urllib.error.URLError as error:
        for branch in ("main", "master"):
            if (hub / f"{owner}_{name}_{branch}").exists():
                return branch
        raise RuntimeError(
            "It looks like there is no internet connection and the repo could not be found in the "
            f"cache ({hub})"
        ) from error
    return "main"


def _listed(repository: Repository) -> Iterator[dict[str, Any]]:
    """The branches, then the tags, as GitHub's interface lists them."""
    headers = {"Accept": "application/vnd.github.v3+json"}
    token = config.github_token()
    if token is not None:
        headers["Authorization"] = f"token {token}"
    for kind in ("branches", "tags"):
        page = 1
        while True:
            where = f"{_API}/{repository.owner}/{repository.name}/{kind}"
            rows = json.loads(_read(f"{where}?per_page={_PAGE}&page={page}", headers))
            if not rows:
                break
            yield from rows
            page += 1


def require_own(repository: Repository) -> None:
    """Raise ValueError unless the ref is a branch, tag or their commit in this very repository.

    GitHub's archives of a repository also answer for the commits of everybody's forks.
    """
    ref = repository.ref
    for row in _listed(repository):
        if row["name"] == ref or row["commit"]["sha"].startswith(ref):
            return
    raise ValueError(
        f"Cannot find {ref} in {_WEB}/{repository.owner}/{repository.name}. If it's a commit from "
        "a forked repo, please call hub.load() with forked repo directly."
    )


def require_trust(repository: Repository, hub: Path, trust: bool | str | None) -> None:
    """Ask the user where ``trust`` wants it, and remember a repository that passes.

    False: always ask. "check": ask for what is not trusted yet. Anything else: do not ask.
    Raises Exception if the answer is no, ValueError if it is neither.
    """
    name = f"{repository.owner}_{repository.name}"
    listing = hub / "trusted_list"
    # What was fetched before there was a list has been trusted then.
    earlier = {"_".join(each.name.split("_")[:2]) for each in hub.iterdir() if each.is_dir()}
    trusted = listing.read_text().splitlines() if listing.exists() else []
    known = name in trusted or name in earlier or repository.owner in TRUSTED_OWNERS
    if not listing.exists():
        listing.touch()
    if trust is False or (trust == "check" and not known):
        _ask(name, known)
    if not known:
        with listing.open("a") as file:
            file.write(name + "\n")


def _ask(name: str, known: bool) -> None:
    answer = input(
        f"The repository {name} does not belong to the list of trusted repositories and as such "
        "cannot be downloaded. Do you trust this repository and wish to add it to the trusted "
        "list of repositories (y/N)?"
    )
    if answer.lower() in ("y", "yes"):
        if known:
            sys.stdout.write("The repository is already trusted.\n")
    elif answer.lower() in ("n", "no", ""):
        raise Exception("Untrusted repository.")
    else:
        raise ValueError(f"Unrecognized response {answer}.")


def fetch(
    text: str,
    hub: Path,
    download: Callable[..., None],
    *,
    reload: bool,
    trust: bool | str | None,
    verbose: bool,
    check: bool,
) -> Path:
    """The folder of the repository ``text``, downloaded if it is not there or ``reload``."""
    hub.mkdir(parents=True, exist_ok=True)
    repository = parse(text, hub)
    target = hub / repository.folder
    require_trust(repository, hub, trust)
    if target.exists() and not reload:
        if verbose:
            sys.stderr.write(f"Using cache found in {target}\n")
        return target
    if check:
        require_own(repository)
    archive = hub / (repository.ref.replace("/", "_") + ".zip")
    archive.unlink(missing_ok=True)
    try:
        _download(repository, archive, download)
        _unpack(archive, target)
    finally:
        archive.unlink(missing_ok=True)
    return target


def _download(repository: Repository, archive: Path, download: Callable[..., None]) -> None:
    base = f"{_WEB}/{repository.owner}/{repository.name}/zipball"
    for ref in (repository.ref, f"refs/heads/{repository.ref}"):
        url = f"{base}/{ref}"
        sys.stdout.write(f'Downloading: "{url}" to {archive}\n')
        try:
            return download(url, archive, progress=False)
        except urllib.error.HTTPError as error:
            if error.code != 300 or ref != repository.ref:
                raise
            # A branch and a tag of this name: the branch is meant.
            sys.stderr.write(f"{repository.ref} is a branch and a tag; taking the branch\n")
    return None


def _unpack(archive: Path, target: Path) -> None:
    """The archive's only folder as ``target``, which is there whole or not at all."""
    work = target.with_name(target.name + ".unpacking")
    shutil.rmtree(work, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.infolist():
                _require_inside(member)
            names = {PurePosixPath(each.filename).parts[0] for each in zipped.infolist()}
            if len(names) != 1:
                raise ValueError(f"{archive.name}: expected one folder, got {sorted(names)[:5]}")
            zipped.extractall(work)
        shutil.rmtree(target, ignore_errors=True)
        (work / names.pop()).rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _require_inside(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ":" in path.parts[0]:
        raise ValueError(f"Archive entry has absolute path: {member.filename}")
    if ".." in path.parts:
        raise ValueError(f"Archive entry leads out of the archive: {member.filename}")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"Archive entry is a link: {member.filename}")
