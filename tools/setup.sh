#!/bin/sh
# Make .venv with the pinned versions of constraints.txt and compile the loops; on Debian/Ubuntu fetch python3-venv,
# gcc and Python's headers where they are missing.
set -eu
python="${1:-python3}"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
  echo "oncourse needs Python 3.11 to 3.13; $python is $("$python" --version 2>&1)" >&2; exit 2; }
if ! "$python" -m venv .venv 2>/dev/null; then
  rm -rf .venv
  apt-get update -qq && apt-get install -y -qq python3-venv
  "$python" -m venv .venv
fi
headers="$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')"
if ! command -v gcc >/dev/null || ! command -v g++ >/dev/null || [ ! -f "$headers/Python.h" ]; then
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  apt-get update -qq && apt-get install -y -qq gcc g++ libc6-dev "python$version-dev"
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  -c constraints.txt -e '.[test]'
# What nobody runs takes no room (572 MB in place of 789): byte code is written when a module is first imported, and of the
# installed packages go their own tests, their sources in C and their tables of symbols. The wheels' own libraries
# (*.libs) stay as they are: their parts are aligned by hand, and strip breaks them.
packages="$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
find "$packages" -type d -name tests -prune -exec rm -rf {} +
find "$packages" -type f \( -name '*.pyc' -o -name '*.c' -o -name '*.cpp' -o -name '*.pyx' \) -delete
if [ "$(uname)" = Linux ] && command -v strip >/dev/null; then
  find "$packages" -type f -name '*.so' -not -path '*.libs/*' -size +400k -exec strip --strip-unneeded {} +
fi
