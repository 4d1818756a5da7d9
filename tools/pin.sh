#!/usr/bin/env bash
# Write constraints.txt: the name and version of everything in the environment of
# $PYTHON, except this project and pip itself. To move to newer versions:
#   .venv/bin/pip install --upgrade PACKAGE && make pin && make test
set -euo pipefail
cd "$(dirname "$0")/.."

{
  echo "# The versions that the tests of this commit ran with: names and versions only."
  echo "# Used with -c by the Makefile and .ci/run; made by 'make pin'. Users are free to"
  echo "# take newer ones: pyproject.toml sets lower bounds only."
  "${PYTHON:-.venv/bin/python}" -m pip freeze --exclude-editable --exclude smartpay-sandbox |
    grep -E '^[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+$' | LC_ALL=C sort -f
} > constraints.txt.new
mv constraints.txt.new constraints.txt
