# Sourced by ./dev: finds what the build needs, installs what is missing on Debian and Ubuntu.
# shellcheck shell=bash disable=SC2154  # root is ./dev's

# purpose  package  how its presence shows: a command, a header, a file, or a module of Python
packages="
build  g++                   command  c++
build  cmake                 command  cmake
build  ninja-build           command  ninja
build  libhwy-dev            header   hwy/highway.h
build  libopenblas-dev       header   openblas_config.h
build  libcli11-dev          header   CLI/CLI.hpp
build  nlohmann-json3-dev    header   nlohmann/json.hpp
build  zlib1g-dev            header   zlib.h
build  libcurl4-openssl-dev  header   curl/curl.h
build  libssl-dev            header   openssl/evp.h
build  libpng-dev            header   png.h
build  libgtest-dev          header   gtest/gtest.h
build  libgmock-dev          header   gmock/gmock.h
run    ca-certificates       file     /etc/ssl/certs/ca-certificates.crt
test   pkg-config            command  pkg-config
bench  libbenchmark-dev      header   benchmark/benchmark.h
bench  python3               command  python3
charts python3-matplotlib    module   matplotlib
lint   clang-format          command  clang-format
lint   python3               command  python3
lint   python3-venv          module   ensurepip
cuda   python3               command  python3
cuda   python3-venv          module   ensurepip
fuzz   clang                 command  clang++
fuzz   libclang-rt-dev       file     /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a
"
oldest_cmake=3.25

have() {  # command|header|file|module NAME
  case $1 in
    command) command -v "$2" >/dev/null ;;
    file) compgen -G "$2" >/dev/null ;;
    # Packages serve the system's Python, which need not be the one that comes first in PATH.
    module) python3 -c "import $2" 2>/dev/null || /usr/bin/python3 -c "import $2" 2>/dev/null ;;
    header)
      local dir extra=${CPATH:-}
      # OpenBLAS's lie apart; a cblas.h may be another library's.
      for dir in ${extra//:/ } /usr/local/include /usr/include /usr/include/*-linux-gnu*{,/openblas-pthread}; do
        [ -e "$dir/$2" ] && return
      done
      return 1
      ;;
  esac
}

missing_packages() {  # PURPOSE…
  local purpose package kind name
  while read -r purpose package kind name; do
    [[ -n $purpose && " $* " == *" $purpose "* ]] || continue
    have "$kind" "$name" || echo "$package"
  done <<<"$packages"
}

cannot_install() {  # WHY PACKAGE…
  printf '\nMissing packages (Debian and Ubuntu names):\n'
  printf '  %s\n' "${@:2}"
  printf '%s. To install them: apt-get install %s\n' "$1" "${*:2}"
  exit 1
} >&2

# Installs what the purposes still need. Does nothing at all when everything is there.
need() {  # PURPOSE…
  local missing as_root=() log=$root/build/apt.log
  mapfile -t missing < <(missing_packages "$@")
  if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || cannot_install "This system has no apt-get" "${missing[@]}"
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null || cannot_install "Neither root nor sudo here" "${missing[@]}"
      sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } ||
        cannot_install "sudo refused" "${missing[@]}"
      as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || echo "apt-get update failed; trying with the lists at hand" >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
      { cat "$log" >&2; cannot_install "apt-get install failed (above)" "${missing[@]}"; }
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] || cannot_install "apt-get succeeded, but these are still not found" "${missing[@]}"
  fi
  check_cmake
}

check_cmake() {
  command -v cmake >/dev/null || return 0
  local version
  version=$(cmake --version | sed -n '1s/.* //p')
  printf '%s\n%s\n' "$oldest_cmake" "$version" | sort -VC && return
  cat >&2 <<END
cmake is $version, xent needs $oldest_cmake or newer. Debian 12 and Ubuntu 24.04 have it; on an older
system install one from https://cmake.org/download and put it first in PATH.
END
  exit 1
}

# clang-tidy of one version, so that everybody has the same findings; Debian 12's (14) looks into every system
# header too, which takes three times as long. Sets clang_tidy.
need_tidy() {
  local version=22.1.8 home=$root/build/lint
  clang_tidy=$home/bin/clang-tidy
  [[ $("$clang_tidy" --version 2>/dev/null) != *"version $version"* ]] || return 0
  PATH=/usr/bin:$PATH python3 -m venv --clear "$home"  # the system's Python, whose modules the packages bring
  "$home/bin/pip" install --quiet --disable-pip-version-check "clang-tidy==$version"
}

# One line: what was found and what will be used.
report_machine() {
  local nvcc name cuda="no CUDA toolkit" gpu="no GPU" use="the CPU alone"
  nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null || true)
  if [ -n "$nvcc" ]; then
    cuda="CUDA toolkit $("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')"
    use="the CPU, with the kernels compiled"
  fi
  if command -v nvidia-smi >/dev/null && name=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null); then
    gpu=${name%%$'\n'*}
    [ -z "$nvcc" ] || use="the GPU"
  fi
  echo "Found $(c++ --version | head -1), $cuda, $gpu, $(nproc) CPU threads; using $use"
}
