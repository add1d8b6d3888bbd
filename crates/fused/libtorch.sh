#!/usr/bin/env bash
# usage: libtorch.sh DEST         unpack LibTorch 2.9.1 from pip's torch wheel; then set LIBTORCH=DEST/torch
#        libtorch.sh DEST GIVEN   only check that GIVEN is a LibTorch 2.9.1
#
# LIBTORCH_SET=cpu   headers, libc10, libtorch_cpu and their dependencies: 0.5 GB. Builds for CPU and CUDA, runs on CPU
# LIBTORCH_SET=cuda  the whole wheel and the nvidia-* wheels it requires: 7 GB. Builds and runs on both
# The default is `cuda` if `nvidia-smi` finds a GPU, else `cpu`. A complete DEST is kept, and an interrupted one is
# resumed. The last line of DEST/contents.txt is written when every file has been checked.
set -euo pipefail

VERSION=2.9.1
DEST=${1:?usage: libtorch.sh DEST [GIVEN]}
GIVEN=${2:-}
WORK=$DEST.partial
WHEELS=$WORK/wheels
CONTENTS=contents.txt
# The wheel of any Python version will do: only headers and libraries are used.
PLATFORMS=(--python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64
  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64)

fail() { echo "libtorch.sh: $*" >&2; exit 1; }

main() {
  [ -z "$GIVEN" ] || { check_given; return; }
  local set=${LIBTORCH_SET:-$(nvidia-smi -L >/dev/null 2>&1 && echo cuda || echo cpu)}
  if complete; then
    head -1 "$DEST/$CONTENTS" >&2
    return
  fi
  check_machine "$set"
  mkdir -p "$WHEELS"
  echo "downloading LibTorch $VERSION ($set) to $DEST: $([ "$set" = cpu ] && echo 0.9 || echo 3) GB" >&2
  download "torch==$VERSION"
  requirements "$set" | while read -r requirement; do download "$requirement"; done
  rm -rf "$WORK/torch" "$WORK/nvidia"
  unpack "$set"
  [ "$set" = cuda ] || stubs
  check_unpacked
  write_contents "$set"
  publish
}

check_given() {
  local found
  compgen -G "$GIVEN/lib/libtorch.*" >/dev/null ||
    fail "no LibTorch in \`$GIVEN\`: set LIBTORCH to a folder with lib/ and include/ of $VERSION, or unset it to download one"
  found=$(cat "$GIVEN/build-version" 2>/dev/null || sed -n "s/^__version__ = '\(.*\)'/\1/p" "$GIVEN/version.py" 2>/dev/null || :)
  [[ $found == "$VERSION"* || -n ${LIBTORCH_BYPASS_VERSION_CHECK:-} ]] ||
    fail "\`$GIVEN\` is LibTorch ${found:-of an unknown version}, but $VERSION is needed; unset LIBTORCH to download it"
}

# Every file in contents.txt has the listed size.
complete() {
  [ -f "$DEST/$CONTENTS" ] || return 1
  (cd "$DEST" && tail -n +2 "$CONTENTS" | while read -r bytes file; do
    [ "$(stat -c %s "$file" 2>/dev/null)" = "$bytes" ] || { echo "incomplete: $DEST/$file" >&2; exit 1; }
  done)
}

check_machine() {
  [ "$(uname -sm)" = "Linux x86_64" ] || fail "the wheels are for x86-64 Linux, this is $(uname -sm):" \
    "set LIBTORCH to a LibTorch $VERSION for it, or use BACKEND=flex"
  [[ $1 = cpu || $1 = cuda ]] || fail "LIBTORCH_SET=$1 is unknown: use \`cpu\` or \`cuda\`"
  command -v python3 >/dev/null || fail "python3 is missing: install it and pip, or set LIBTORCH to a LibTorch $VERSION"
  python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing: install python3-pip," \
    "or set LIBTORCH to a LibTorch $VERSION"
  command -v c++ >/dev/null || fail "c++ is missing: install a C++ compiler, as g++; LibTorch's bindings need it too"
  local need free
  need=$([ "$1" = cpu ] && echo 3 || echo 12)
  free=$(df -P -B1000000000 "$(existing "$DEST")" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$need" ] || fail "$DEST needs $need GB while it unpacks, but its disk has only $free GB free"
}

existing() { local folder=$1; while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done; echo "$folder"; }

# A complete wheel is not downloaded again; a truncated one lacks the table of contents at its end.
download() {
  local file
  file=$(wheel "${1%%==*}" "${1##*==}")
  if [ -n "$file" ]; then
    python3 -c 'import sys, zipfile; sys.exit(not zipfile.is_zipfile(sys.argv[1]))' "$file" && return
    rm "$file"
  fi
  echo "  $1" >&2
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: "${PLATFORMS[@]}" \
    --dest "$WHEELS" "$1" </dev/null || fail "pip could not download $1: see its message above; run again to continue"
}

wheel() { find "$WHEELS" -name "${1//-/_}-$2-*.whl" -o -name "${1//-/_}-$2+*.whl" | head -1; }

# The wheel's requirements on Linux: all of NVIDIA's libraries, or the two that libtorch_cpu also loads.
requirements() {
  local wanted='nvidia-[a-z0-9-]*'
  [ "$1" = cuda ] || wanted='nvidia-cuda-\(runtime\|cupti\)-cu12'
  python3 - "$(wheel torch $VERSION)" <<'PYTHON' | sed -n "s/^Requires-Dist: \($wanted==[0-9.]*\).*/\1/p"
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
print(wheel.read(next(n for n in wheel.namelist() if n.endswith("/METADATA"))).decode())
PYTHON
}

unpack() {
  local libraries='lib[^/]*\.so[.0-9]*'
  [ "$1" = cuda ] || libraries='(libc10\.so|libtorch_cpu\.so|libgomp\.so\.1)'
  members "$(wheel torch $VERSION)" "torch/(include/.*|version\.py|lib/$libraries)"
  for file in "$WHEELS"/nvidia_*.whl; do members "$file" 'nvidia/.*/lib/lib.*'; done
}

# unzip may be missing; Python's zipfile checks every member's CRC.
members() {
  python3 - "$1" "$2" "$WORK" <<'PYTHON' || fail "$1 is damaged and was removed: run again"
import os, re, sys, zipfile
path, pattern, folder = sys.argv[1:]
try:
    wheel = zipfile.ZipFile(path)
    wheel.extractall(folder, [name for name in wheel.namelist() if re.fullmatch(pattern, name)])
except (zipfile.BadZipFile, EOFError) as error:
    os.remove(path)
    sys.exit(str(error))
PYTHON
}

# The real libtorch.so and libtorch_cuda.so load all of CUDA. Stubs are enough for the linker; at run time a real
# libtorch_cuda.so that LD_LIBRARY_PATH finds first replaces its stub.
stubs() {
  stub libtorch 'extern "C" void torch_stub() {}'
  stub libtorch_cuda 'namespace at { namespace cuda {
    void* getCurrentCUDABlasHandle() { return nullptr; }
    int warp_size() { return 32; }
  } }'
}

stub() {
  c++ -shared -fPIC -Wl,-soname,"$1.so" -x c++ - -o "$WORK/torch/lib/$1.so" <<< "$2" || fail "c++ cannot link $1.so"
}

check_unpacked() {
  local found library missing
  found=$(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$WORK/torch/version.py")
  [ "$found" = "$VERSION" ] || fail "the wheel holds torch $found, expected $VERSION: remove $WORK and run again"
  for file in include/torch/csrc/api/include/torch/torch.h lib/libc10.so lib/libtorch_cpu.so lib/libtorch.so; do
    [ -s "$WORK/torch/$file" ] || fail "the wheel has no torch/$file: remove $WORK and run again"
  done
  command -v ldd >/dev/null || return 0
  # libcuda.so belongs to the driver: a machine without a GPU may unpack the CUDA set for one that has it.
  for library in "$WORK"/torch/lib/lib*.so*; do
    missing=$(ldd "$library" 2>/dev/null | sed -n '/libcuda\.so/d; s/^[[:space:]]*\(.*\) => not found/\1/p')
    [ -z "$missing" ] || fail "$library does not find" $missing
  done
}

write_contents() {
  echo "LibTorch $VERSION ($1) in $DEST" > "$WORK/$CONTENTS.partial"
  (cd "$WORK" && find torch/lib torch/version.py nvidia -type f -printf '%s %p\n' | sort -k2) \
    >> "$WORK/$CONTENTS.partial"
  mv "$WORK/$CONTENTS.partial" "$WORK/$CONTENTS"
}

publish() {
  rm -rf "$WHEELS" "$DEST"
  mv "$WORK" "$DEST"
  head -1 "$DEST/$CONTENTS" >&2
}

main
