#!/bin/sh
# Make .venv with the pinned versions of constraints.txt; on Debian/Ubuntu fetch python3-venv where it is missing.
set -eu
python="${1:-python3}"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
  echo "oncourse needs Python 3.11 to 3.13; $python is $("$python" --version 2>&1)" >&2; exit 2; }
if ! "$python" -m venv .venv 2>/dev/null; then
  rm -rf .venv
  apt-get update -qq && apt-get install -y -qq python3-venv
  "$python" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
