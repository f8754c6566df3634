#!/usr/bin/env bash
# Make .venv with the newest Python found that is new enough, and install the project into it, editable.
# tools/venv.sh '.[all]'
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  chosen="" old=""
  for name in python3.13 python3.12 python3.11 python3; do
    # Not `command -v`: pyenv leaves shims on the path that run nothing.
    "$name" -c '' >/dev/null 2>&1 || continue
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      # Debian and Ubuntu ship Python without ensurepip unless python3-venv is installed.
      if "$name" -c 'import ensurepip, venv' 2>/dev/null; then chosen=$name; break; fi
      old="$name has no venv module (Debian, Ubuntu: apt-get install python3-venv)"
    else
      old=${old:-"$name is $("$name" -V 2>&1)"}
    fi
  done
  if [ -z "$chosen" ]; then
    echo "rushlight needs Python 3.11 or newer with venv; found: ${old:-no python3 at all}." >&2
    exit 1
  fi
  echo "making .venv with $chosen"
  rm -rf .venv
  "$chosen" -m venv .venv
fi

echo "installing $1 (once)"
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -e "$1"; then
  echo "could not install $1 into .venv: see pip's message above (a network is needed, once)." >&2
  exit 1
fi
# pip does this for what it copies, not for what it leaves where it is; a first run would take half a
# second longer, and every run where PYTHONDONTWRITEBYTECODE is set.
.venv/bin/python -m compileall -q rushlight
