#!/bin/sh
# Installs what cannot come from Python or npm: with apt when it may, else it names exactly what is missing.
#   tools/system-packages.sh run     what `make run` needs
#   tools/system-packages.sh test    what the tests need besides: real peers
#   tools/system-packages.sh models  what `aivjd models make-music` needs: a synthesiser, sound fonts, a voice
# Does nothing, and needs no network, when everything is there.
set -eu

PYTHON=${PYTHON:-python3}
missing=""

need() { # need PACKAGE WHY TEST...: the package is missing when the test command fails
    package=$1 why=$2
    shift 2
    if ! "$@" >/dev/null 2>&1; then
        missing="$missing $package"
        echo "aivjd: $package is missing ($why)" >&2
    fi
}

has_library() { ldconfig -p 2>/dev/null | grep -q "$1" || /sbin/ldconfig -p | grep -q "$1"; }
has_venv() { "$PYTHON" -c 'import ensurepip, venv'; }
has_font() { ls "/usr/share/sounds/sf2/$1" "/usr/share/sounds/sf3/$1" 2>/dev/null | grep -q .; }
has_alsa_pulse() { ls /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so; }

if ! command -v "$PYTHON" >/dev/null 2>&1 ||
    ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "aivjd: Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2
    exit 3
fi
if ! command -v node >/dev/null 2>&1 ||
    ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)'; then
    echo "aivjd: Node.js 20 or newer with npm is needed for the stage and control pages" >&2
    exit 3
fi

need python3-venv "Python environments" has_venv
need libportaudio2 "audio input" has_library libportaudio.so.2
need libasound2-plugins "ALSA's way to a sound server" has_alsa_pulse
if [ "${1:-run}" = test ]; then
    need pulseaudio "tests with a real sound server" command -v pulseaudio
    need pulseaudio-utils "tests with a real sound server" command -v paplay
    need chromium "tests in a real browser" command -v chromium
    need qlcplus "tests with a real lighting program" command -v qlcplus
    need cmake "the shader converter" command -v cmake
    need g++ "the shader converter" command -v c++
    need bison "the shader converter" command -v bison
    need flex "the shader converter" command -v flex
    need projectm-data "tests with real presets" test -d /usr/share/projectM/presets
    need jackd2 "tests with MIDI between programs" command -v jackd
    need ola "tests with another lighting program" command -v olad
fi
if [ "${1:-run}" = models ]; then
    need libfluidsynth3 "made music" has_library libfluidsynth.so.3
    need espeak-ng "made speech" command -v espeak-ng
    need fluid-soundfont-gm "made music" has_font FluidR3_GM.sf2
    need timgm6mb-soundfont "made music" has_font TimGM6mb.sf2
    need opl3-soundfont "made music" has_font OPL-3_FM_128M.sf2
    need fluidr3mono-gm-soundfont "made music" has_font FluidR3Mono_GM.sf3
    need musescore-general-soundfont-small "made music" has_font MuseScore_General_Lite.sf3
    need csound-soundfont "made music" has_font sf_GMbank.sf2
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    as_root="no"
fi
if [ "$as_root" = no ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "aivjd: please install (Debian names):$missing" >&2
    exit 3
fi
echo "aivjd: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq -o DPkg::Lock::Timeout=300 update
# shellcheck disable=SC2086  # a list of words is meant
$as_root apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install $missing >/dev/null
