#!/bin/sh
# Builds the HLSL-to-GLSL converter that `aivjd pack convert` uses, once: tools/shader-converter/build.sh
# Sources: npm package milkdrop-shader-converter (MIT; in it hlsl2glslfork, BSD, and glsl-optimizer, MIT).
# Needed: npm, cmake, a C++ compiler, bison, flex. Result: build/shader-converter/shader-converter.
set -eu
cd "$(dirname "$0")/../.."

PACKAGE=milkdrop-shader-converter
VERSION=0.0.8
SHA256=a6204dd96ce18ae7704270a3b0940591e0ae1334e8ab8f06f21edd6769c7af59
FOLDER=build/shader-converter

missing=""
for tool in npm cmake c++ bison flex; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    echo "shader-converter: please install:$missing (Debian: npm cmake g++ bison flex)" >&2
    exit 3
fi
mkdir -p "$FOLDER/package"
archive="$FOLDER/$PACKAGE-$VERSION.tgz"
[ -f "$archive" ] || npm pack --silent --pack-destination "$FOLDER" "$PACKAGE@$VERSION" >/dev/null
echo "$SHA256  $archive" | sha256sum --check --quiet
tar -xzf "$archive" -C "$FOLDER/package" --strip-components 1
cmake -S tools/shader-converter -B "$FOLDER" >/dev/null
cmake --build "$FOLDER" --parallel "$(nproc)" >"$FOLDER/build.log" 2>&1 || { tail -20 "$FOLDER/build.log" >&2; exit 1; }
echo "$FOLDER/shader-converter"
