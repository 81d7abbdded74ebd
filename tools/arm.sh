#!/bin/sh
# Replays the golden sessions on aarch64, emulated by qemu, and compares with what this machine gives.
#   tools/arm.sh            all golden sessions
#   tools/arm.sh SESSION... other ones (compared with what is computed here)
# Needs Debian or alike on another processor, Python 3.11 or newer and the network; no rights, and nothing is
# installed: packages come from the mirrors that apt and pip are set up with, into build/arm, where they stay.
# The first run compiles the kernels under emulation, which takes some minutes.
set -eu

cd "$(dirname "$0")/.."
HERE=$(pwd)
PLACE=$HERE/build/arm
PYTHON=${PYTHON:-$HERE/.venv/bin/python}
CPU=${CPU:-max}

lacks() { # lacks WHAT FIX
    echo "aivjd: $1; $2" >&2
    exit 3
}
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || lacks "there is no $tool here" "run this on Debian or alike"
done
[ -x "$PYTHON" ] || lacks "there is no $PYTHON" "run \`make setup\` first, or set PYTHON"

# apt with another architecture and a state of its own; the sources are those of this machine.
foreign_apt() {
    mkdir -p "$PLACE/apt/state/lists/partial" "$PLACE/apt/cache/archives/partial"
    touch "$PLACE/apt/status"
    cat >"$PLACE/apt/apt.conf" <<CONF
Dir::State "$PLACE/apt/state";
Dir::State::status "$PLACE/apt/status";
Dir::Cache "$PLACE/apt/cache";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "$(id -un)";
CONF
    APT_CONFIG=$PLACE/apt/apt.conf apt-get -qq -o Debug::NoLocking=1 "$@"
}

if [ ! -e "$PLACE/.root" ]; then
    echo "aivjd: fetching Python for arm64 and qemu into build/arm"
    rm -rf "$PLACE/root" "$PLACE/qemu"
    mkdir -p "$PLACE/root" "$PLACE/qemu"
    # A repository without packages for arm64 is no reason to stop.
    foreign_apt update || true
    foreign_apt -y --no-install-recommends --download-only install python3 libstdc++6
    for package in "$PLACE"/apt/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$PLACE/root"
    done
    if command -v qemu-aarch64-static >/dev/null; then
        ln -s "$(command -v qemu-aarch64-static)" "$PLACE/qemu/emulator"
    else
        (cd "$PLACE/qemu" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download qemu-user-static)
        dpkg-deb -x "$PLACE"/qemu/qemu-user-static_*.deb "$PLACE/qemu"
        ln -s "$PLACE/qemu/usr/bin/qemu-aarch64-static" "$PLACE/qemu/emulator"
    fi
    touch "$PLACE/.root"
fi

ARM_PYTHON=$(readlink -f "$PLACE/root/usr/bin/python3")
VERSION=${ARM_PYTHON##*/python}
WHEELS=$(cksum <requirements/live.txt | cut -d' ' -f1)-$VERSION
if [ "$(cat "$PLACE/.wheels" 2>/dev/null)" != "$WHEELS" ]; then
    echo "aivjd: fetching the locked wheels for aarch64 and Python $VERSION"
    rm -rf "$PLACE/site"
    platforms=""
    for glibc in 2014 _2_17 _2_24 _2_26 _2_27 _2_28 _2_31 _2_34 _2_35 _2_36; do
        platforms="$platforms --platform manylinux${glibc}_aarch64"
    done
    # shellcheck disable=SC2086  # a list of words is meant
    "$PYTHON" -m pip --disable-pip-version-check -q install --target "$PLACE/site" $platforms \
        --python-version "$VERSION" --only-binary=:all: --no-compile --require-hashes -r requirements/live.txt
    echo "$WHEELS" >"$PLACE/.wheels"
fi

export PYTHONDONTWRITEBYTECODE=1
arm() {
    KERNELS=$("$PYTHON" -c 'from daemon.fingerprint import kernels_sha256; print(kernels_sha256()[:16])')
    PYTHONPATH=$PLACE/site NUMBA_CACHE_DIR=$PLACE/kernels-$KERNELS-$CPU \
        "$PLACE/qemu/emulator" -cpu "$CPU" -L "$PLACE/root" "$ARM_PYTHON" "$@"
}

if [ $# = 0 ]; then
    set -- tests/golden/*/
fi
arm -m daemon.selfcheck || lacks "the emulated processor fails the self-check" "see above"
# Our own first: it is quick, and says what is wrong with the sessions, if anything is.
"$PYTHON" -m daemon.bench.outputs "$@" >"$PLACE/here.json"
arm -m daemon.bench.outputs "$@" >"$PLACE/there.json"
"$PYTHON" -m daemon.bench.abroad "$PLACE/here.json" "$PLACE/there.json" \
    --emulator "$("$PLACE/qemu/emulator" --version | head -n 1), -cpu $CPU" ${ARM_DOCS:+--docs "$ARM_DOCS"}
