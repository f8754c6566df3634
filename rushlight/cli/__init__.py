"""The command ``rushlight``: one file per subcommand.

    rushlight run SCRIPT ARGS     an unmodified ``import torch`` script
    rushlight profile SCRIPT ARGS where its time goes
    rushlight demo                train a classifier on real images
    rushlight board [FOLDER]      curves, pictures and kernels of runs, on a page
    rushlight doctor              is this machine fit, is compiled code right
    rushlight op NAME             what is known about one operation

click and rich are optional: ``import rushlight`` never needs them.
"""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status. A user's mistake is one line and status 2."""
    try:
        from rushlight.cli.commands import rushlight
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        print(
            f"rushlight: the command line needs {error.name}: pip install 'rushlight[cli]'",
            file=sys.stderr,
        )
        return 2
    return rushlight(sys.argv[1:] if arguments is None else arguments)
