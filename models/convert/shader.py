"""Shader text: from a MilkDrop shader to a whole HLSL program, and from GLSL to what butterchurn takes.

MilkDrop puts declarations and macros before a preset's shader and compiles the whole; so does `program`,
with butterchurn's set of names. Where text alone makes a shader compile that otherwise would not, it is
changed (`FIXES`). `butterchurn_text` takes away from the converter's GLSL what butterchurn declares itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from models.packs.textures import BUILT_IN

FIXES = (
    "double types become float: hlsl2glsl knows no others, and no renderer computes them",
    "texsize_NAME of a texture that butterchurn has not is 256 x 256, the size of what it shows instead",
    "samplers that are used but not declared are declared",
    "sampler_fw_NOISE and the like, which butterchurn has not, are sampler_NOISE",
    "the rotations rot_s, rot_d, rot_f, rot_vf, rot_uf and rot_rand turn with time, at MilkDrop's speeds",
    "a declaration of what is declared already is left out",
)

_FLOATS = (
    *(f"q{i}" for i in range(1, 33)),
    *(f"blur{i}_{end}" for i in (1, 2, 3) for end in ("min", "max")),
    *(f"{name}{i}" for name in ("scale", "bias") for i in (1, 2, 3)),
    *("time", "progress", "frame", "fps", "decay", "rad", "ang"),
    *(f"{band}{att}" for band in ("bass", "mid", "treb", "vol") for att in ("", "_att")),
    *("mip_x", "mip_y", "mip_avg"),
)
_VECTORS = (
    *(f"_q{letter}" for letter in "abcdefgh"),
    *("slow_roam_cos", "roam_cos", "slow_roam_sin", "roam_sin"),
    *("rand_preset", "rand_frame", "texsize", "aspect"),
    *(f"texsize_{name}" for name in ("noise_lq", "noise_lq_lite", "noise_mq", "noise_hq")),
    *(f"texsize_{name}" for name in ("noisevol_lq", "noisevol_hq")),
)
_DECLARED = frozenset(
    (*_FLOATS, *_VECTORS, "hue_shader", "uv_orig", *(f"sampler_{name}" for name in BUILT_IN))
)

_MACROS = """
#define M_PI 3.14159265359
#define M_PI_2 6.28318530718
#define M_INV_PI_2 0.159154943091895
#define GetMain(uv) (tex2D(sampler_main,uv).xyz)
#define GetPixel(uv) (tex2D(sampler_main,uv).xyz)
#define GetBlur1(uv) (tex2D(sampler_blur1,uv).xyz*scale1+bias1)
#define GetBlur2(uv) (tex2D(sampler_blur2,uv).xyz*scale2+bias2)
#define GetBlur3(uv) (tex2D(sampler_blur3,uv).xyz*scale3+bias3)
#define lum(x) (dot(x,float3(0.32,0.49,0.29)))
#define tex2d tex2D
#define tex3d tex3D
"""

_ROTATIONS = {"s": 0.0, "d": 0.06, "f": 0.4, "vf": 1.6, "uf": 6.0, "rand": 13.7}
"""Radians a second, about what MilkDrop's static, slow, fast, very fast and ultra fast rotations do."""
_ROTATION = re.compile(r"\brot_(s|d|f|vf|uf|rand)([1-4])\b")
_TURN = """
float4x3 aivjd_turn(float a, float b)
{
   float c = cos(a), s = sin(a), d = cos(b), t = sin(b);
   return float4x3(c*d, s, c*t, -s*d, c, -s*t, -t, 0.0, d, 0.0, 0.0, 0.0);
}
"""

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_DOUBLE = re.compile(r"\bdouble(?=[1-4]?(?:x[1-4])?\b)")
_BODY = re.compile(r"\bshader_body\b")
_SAMPLER_USED = re.compile(r"\bsampler_(\w+)")
_SAMPLER_DECLARED = re.compile(r"(?:\buniform\s+)?\bsampler(?:2D|3D)?\s+(\w+(?:\s*,\s*\w+)*)\s*;")
_FILTERED_NOISE = re.compile(r"\b(sampler|texsize)_[fp][wc]_(noise\w+)")
_TEXSIZE = re.compile(r"\btexsize_(\w+)")
_GLOBAL = re.compile(r"^[ \t]*(?:uniform\s+)?float[1-4]?\s+(\w+)\s*;[ \t]*$", re.MULTILINE)


def program(source: str) -> tuple[str, int]:
    """A whole HLSL program with the entry point `shader_body`, from a preset's `warp` or `comp` code.

    Returns:
        The program, and how many of its lines stand before the preset's first.

    Raises:
        ValueError: there is no `shader_body { ... }` in it.
    """
    text = _DOUBLE.sub("float", _COMMENT.sub(lambda found: " " + "\n" * found[0].count("\n"), source))
    found = _BODY.search(text)
    if found is None:
        raise ValueError("there is no shader_body in it")
    before, after = text[: found.start()], text[found.end() :]
    start, end = after.find("{"), after.rfind("}")
    if start < 0 or end < start:
        raise ValueError("shader_body has no { } after it")
    body = after[start + 1 : end]

    before, body = (_FILTERED_NOISE.sub(_without_filter, part) for part in (before, body))
    before = _SAMPLER_DECLARED.sub("", before)
    used = sorted({*_SAMPLER_USED.findall(before), *_SAMPLER_USED.findall(body)} - BUILT_IN)
    sizes = sorted({*_TEXSIZE.findall(before), *_TEXSIZE.findall(body)} - BUILT_IN)
    before = _GLOBAL.sub(lambda m: "" if _known(m[1], sizes) else m[0], before)
    lines = [_MACROS.strip()]
    lines += [f"uniform sampler{_dimension(name)} sampler_{name};" for name in (*sorted(BUILT_IN), *used)]
    lines += [f"float4 {name};" for name in _VECTORS]
    lines += [f"float {name};" for name in _FLOATS]
    lines += ["float3 hue_shader;", "float2 uv_orig;"]
    lines += [f"#define texsize_{name} float4(256.0,256.0,0.00390625,0.00390625)" for name in sizes]
    rotations = sorted(set(_ROTATION.findall(before + body)))
    lines += [_TURN.strip()] if rotations else []
    for speed, number in rotations:
        rate, phase = _ROTATIONS[speed], 1.7 * int(number)
        angle = f"time*{rate}+{phase}+6.283*rand_preset.{'xyzw'[int(number) - 1]}"
        lines.append(f"#define rot_{speed}{number} aivjd_turn({angle},0.7*({angle}))")
    # Everything stays on its line, so that the converter's line numbers are those of the preset.
    head = f"{before}float4 shader_body(float2 uv : TEXCOORD0) : COLOR0 {after[:start]}{{ float3 ret = 0; "
    above = "\n".join(lines) + "\n"
    return f"{above}{head}{body}\nreturn float4(ret, 1.0);\n}}\n", above.count("\n")


def butterchurn_text(glsl: str) -> str:
    """The converter's GLSL as butterchurn wants it: its own declarations, then `shader_body { ... }`.

    Raises:
        ValueError: the GLSL is not what the converter makes, or needs what butterchurn has not.
    """
    text = re.sub(r"\b(?:highp|mediump|lowp)\s+", "", glsl)
    text = text.replace("xlv_TEXCOORD0", "uv")
    head, entry, body = text.partition("void main ()")
    if not entry:
        raise ValueError("the converter gave no main function")
    inner = body[body.index("{") + 1 : body.rindex("}")]
    inner = re.sub(r"_glesFragData\[0\] = (.+?);", r"ret = (\1).xyz;", inner)
    kept = [line for line in head.split("\n") if line.strip() and not _declared_by_butterchurn(line)]
    return "\n".join((*kept, " shader_body { ")) + inner + "}"


def _without_filter(found: re.Match[str]) -> str:
    has_it = found[0].partition("_")[2] in BUILT_IN
    return found[0] if has_it else f"{found[1]}_{found[2]}"


def _known(name: str, sizes: Iterable[str]) -> bool:
    return name in _DECLARED or name.removeprefix("texsize_") in sizes


def _dimension(sampler: str) -> str:
    return "3D" if sampler.startswith("noisevol") else "2D"


def _declared_by_butterchurn(line: str) -> bool:
    if line.startswith(("#version", "in ", "out ")):
        return True
    found = re.fullmatch(r"uniform \w+ (\w+);", line.strip())
    if found is None:
        return False
    name = found[1]
    if name in ("progress", "mip_x", "mip_y", "mip_avg"):
        raise ValueError(f"butterchurn has no {name}")
    return name in _DECLARED
