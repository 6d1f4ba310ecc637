#!/usr/bin/env bash
# Prepares libtorch 2.4.0 for CPU, which `--features rust-bert` links to, from packages of the Python index (x86-64 Linux), and prints the
# variables that the build needs:
#
#   eval "$(scripts/libtorch.sh)"
#   cargo build --release --features rust-bert
#
# Downloads 812 MB once, keeps 560 MB in the user's cache folder, needs 1.5 GB for a moment. Asks only for python3 with pip, of any version.
set -euo pipefail

home="${XDG_CACHE_HOME:-$HOME/.cache}/evenkeel/libtorch-2.4.0"

fail() { printf 'libtorch.sh: %s\n' "$*" >&2; exit 1; }

# Whether a folder holds libtorch, whole: the stamp that is written last, and every library that the libraries ask for.
whole() {
    [ -e "$1/build-version" ] && ! LD_LIBRARY_PATH= ldd "$1"/lib/*.so* 2>&1 | grep -q 'not found'
}

if ! whole "$home"; then
    [ "$(uname -sm)" = "Linux x86_64" ] || fail "these packages are for x86-64 Linux; elsewhere set LIBTORCH to a libtorch 2.4.0 of your own"
    python3 -m pip --version >/dev/null 2>&1 || fail "python3 with pip is needed (Debian: apt-get install python3-pip)"
    mkdir -p "$(dirname "$home")"
    work="$(mktemp -d "$home.XXXXXX")"
    trap 'rm -rf "$work"' EXIT

    # pip refuses what does not have these hashes. The wheel for Python 3.11 whatever Python runs here: only its libraries are used.
    cat >"$work/requirements.txt" <<'PINS'
torch==2.4.0 --hash=sha256:e743adadd8c8152bb8373543964551a7cb7cc20ba898dc8f9c0cdbe47c283de0
nvidia-cuda-cupti-cu12==12.1.105 --hash=sha256:e54fde3983165c624cb79254ae9818a456eb6e87a7fd4d56a2352c24ee542d7e
nvidia-cuda-runtime-cu12==12.1.105 --hash=sha256:6e258468ddf5796e25f1dc591a31029fa317d97a0a94ed93468fc86301d61e40
PINS
    python3 -m pip download --no-deps --no-cache-dir --require-hashes --only-binary=:all: --implementation cp --python-version 3.11 \
        --platform manylinux1_x86_64 --dest "$work/wheels" --requirement "$work/requirements.txt" >&2

    # libtorch_cpu is linked to CUDA's profiler and runtime even where there is no GPU. With libtorch_cuda in lib/ the build would want the
    # rest of CUDA too.
    python3 - "$work" >&2 <<'PYTHON'
import pathlib, re, shutil, sys, zipfile

work = pathlib.Path(sys.argv[1])
wanted = re.compile(r"torch/(include/.+[^/]|lib/lib(?:torch_cpu|c10|gomp)[-.].+)|nvidia/cuda_\w+/(lib/lib(?:cupti|cudart)\..+)")
for wheel in (work / "wheels").iterdir():
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if match := wanted.fullmatch(name):
                target = work / "libtorch" / (match[1] or match[2])
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
PYTHON
    ln -s libtorch_cpu.so "$work/libtorch/lib/libtorch.so"
    echo 2.4.0 >"$work/libtorch/build-version"
    whole "$work/libtorch" || fail "libraries are missing: $(LD_LIBRARY_PATH= ldd "$work"/libtorch/lib/*.so* 2>&1 | grep 'not found' | sort -u)"
    rm -rf "$home"
    mv "$work/libtorch" "$home"
fi

printf 'export LIBTORCH=%q LIBTORCH_CXX11_ABI=0\n' "$home"
