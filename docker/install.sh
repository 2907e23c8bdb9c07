#!/bin/sh
# Installs Ostler from this source tree into a directory of its own: docker/install.sh DIRECTORY
#
# DIRECTORY, which must not exist yet, becomes a virtual environment without installer: the libraries of
# requirements/server.txt (every file checked against its hash), Ostler itself, and the collected static files in
# DIRECTORY/static. Nothing else is changed. Needs Python 3.11 or newer with venv (PYTHON names it, python3 by default),
# and a C compiler, pkg-config and the headers of Python and MariaDB's client library for mysqlclient.
#
# The Dockerfile calls the two steps one by one, so that a new program does not install the libraries again:
# docker/install.sh libraries DIRECTORY, then docker/install.sh program DIRECTORY.
set -eu

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

house=$(cd "$(dirname "$0")/.." && pwd)
case ${1:-} in
    libraries | program) step=$1 && shift ;;
    *) step=everything ;;
esac
[ $# -eq 1 ] || fail "usage: docker/install.sh [libraries|program] DIRECTORY"
case $1 in
    /*) target=$1 ;;
    *) target=$PWD/$1 ;;
esac
python=$target/bin/python

# pip's own settings stay as they are (proxies, mirrors), its questions and notices are not wanted.
pip() {
    "$python" -m pip --disable-pip-version-check --no-input "$@"
}

install_libraries() {
    [ ! -e "$target" ] || fail "$target exists already; install into a new directory"
    "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed"
    "${PYTHON:-python3}" -m venv "$target"
    pip install --require-hashes --only-binary=:all: --requirement "$house/requirements/build.txt"
    # mysqlclient has no wheels for Linux; it is built with the setuptools installed above.
    pip install --require-hashes --only-binary=:all: --no-binary=mysqlclient --no-build-isolation \
        --requirement "$house/requirements/server.txt"
}

install_program() {
    [ -x "$python" ] || fail "$target has no libraries yet"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # A copy, so that the build leaves nothing behind in the tree and takes nothing left behind by an earlier one.
    mkdir "$work/source"
    cd "$house"
    for name in pyproject.toml README.md LICENSE $(packages); do
        cp -R "$name" "$work/source/"
    done
    find "$work/source" -name __pycache__ -prune -exec rm -rf {} +
    pip install --no-index --no-deps --no-build-isolation "$work/source"
    # Celery and granian find the house like the command `ostler` does.
    echo ostler > "$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ostler-house.pth"
    # Neither this tree nor the settings of this machine may matter here; the keys made for this one command are
    # thrown away.
    cd /
    env -i PATH="$PATH" DATA_DIR="$work/data" STATIC_ROOT="$target/static" \
        "$target/bin/ostler" collectstatic --noinput --verbosity 0
    pip uninstall --quiet --yes setuptools pip
    chmod -R go=u-w "$target"
    version=$("$python" -c 'from importlib.metadata import version; print(version("ostler"))')
    echo "Ostler $version is installed in $target"
}

packages() {
    "$python" -c '
import tomllib
directories = tomllib.load(open("pyproject.toml", "rb"))["tool"]["setuptools"]["package-dir"].values()
print(*sorted({directory.partition("/")[0] for directory in directories}))'
}

case $step in
    libraries) install_libraries ;;
    program) install_program ;;
    everything)
        install_libraries
        install_program
        ;;
esac
