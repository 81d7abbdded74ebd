"""MilkDrop presets into butterchurn's: values, equations, shaders, and what cannot be."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from models.convert.converter import Converter
from models.convert.preset import Shaders, convert
from models.convert.shader import butterchurn_text, program
from models.errors import ConverterError, PresetError, ShaderError
from models.milk.preset import MilkPreset, Part


def preset(**code: str) -> MilkPreset:
    return MilkPreset(
        values={"fdecay": 0.97, "zoom": 1.02, "bmotionvectorson": 0.0, "mystery": 1.0}, code=code
    )


def test_values_get_butterchurns_names_and_equations_stay_as_they_are():
    shape = Part(2, {"enabled": 1.0, "num_inst": 3.0}, {"per_frame": "ang = time;"})
    wave = Part(0, {"enabled": 1.0, "bspectrum": 1.0, "bdrawthick": 1.0}, {"per_point": "x = sample;"})
    source = MilkPreset(
        {"milkdrop_preset_version": 201.0},
        preset().values,
        {"per_frame_init": "a = 1;", "per_frame": "zoom = 1.1; // big", "per_pixel": "rot = rad;"},
        (wave,),
        (shape, Part(7, {"enabled": 1.0}), Part(8, {"enabled": 0.0})),
    )
    done = convert(source, Shaders(None), "test")
    body = done.body
    assert body["version"] == 2
    assert body["baseVals"] == {"decay": 0.97, "zoom": 1.02, "bmotionvectorson": 0}
    assert body["frame_eqs_eel"] == "zoom = 1.1; // big"
    assert [len(body["shapes"]), len(body["waves"])] == [4, 4]
    assert body["shapes"][2]["baseVals"] == {"enabled": 1, "num_inst": 3}
    assert body["waves"][0]["baseVals"] == {"enabled": 1, "spectrum": 1, "thick": 1}
    assert body["waves"][0]["point_eqs_eel"] == "x = sample;"
    assert done.lost == ["shape 7: butterchurn draws 4 of them"]


def test_without_the_converter_only_presets_with_shaders_are_refused():
    assert convert(preset(per_frame="zoom = 1;"), Shaders(None), "test").body["version"] == 1
    with pytest.raises(PresetError, match="warp shader: it has shaders"):
        convert(preset(warp="shader_body { ret = 0; }"), Shaders(None), "test")


def test_a_program_keeps_the_presets_lines():
    text, above = program("float3 a;\n/* two\nlines */\nshader_body\n{\nret = 1; // red\n}")
    assert text.split("\n")[above] == "float3 a;"
    assert text.split("\n")[above + 5].startswith("ret = 1;")


DECLARED = "uniform sampler2D sampler_worms;"
SIZE = "#define texsize_worms"
MENDED = [
    ("shader_body { double3 a = 0; double b; }", "float3 a", "double"),
    ("shader_body { ret = texsize_worms.x; }", SIZE, "float4 texsize_worms"),
    ("float4 texsize_worms;\nshader_body { ret = texsize_worms.x; }", SIZE, "float4 texsize_worms;"),
    ("shader_body { ret = tex2D(sampler_worms, uv); }", DECLARED, "3D sampler_worms"),
    (
        "sampler sampler_worms;\nshader_body { tex2D(sampler_worms, uv); }",
        DECLARED,
        "\nsampler sampler_worms",
    ),
    ("shader_body { tex3D(sampler_fw_noisevol_hq, uv); }", "tex3D(sampler_noisevol_hq", "fw_noisevol"),
    ("shader_body { ret = tex2D(sampler_fw_main, uv); }", "tex2D(sampler_fw_main", "#define texsize_fw"),
    ("shader_body { ret = mul(rot_f1, ret); }", "#define rot_f1", "rot_s1"),
]


@pytest.mark.parametrize(("source", "holds", "not_holds"), MENDED)
def test_what_text_can_mend_is_mended(source, holds, not_holds):
    text, _ = program(source)
    assert holds in text
    assert not_holds not in text


@pytest.mark.parametrize("source", ["ret = 1;", "shader_body ret = 1;", "shader_body } {"])
def test_a_shader_without_a_body_is_refused(source):
    with pytest.raises(ValueError, match="shader_body"):
        program(source)


def test_what_butterchurn_declares_itself_is_taken_from_the_glsl():
    glsl = """#version 300 es
out vec4 _glesFragData[4];
uniform sampler2D sampler_main;
uniform sampler2D sampler_worms;
uniform highp float bass;
int inner;
in highp vec2 xlv_TEXCOORD0;
void main ()
{
  lowp vec4 tmpvar_1;
  tmpvar_1 = texture (sampler_main, xlv_TEXCOORD0);
  _glesFragData[0] = tmpvar_1;
}
"""
    text = butterchurn_text(glsl)
    head, _, body = text.partition(" shader_body { ")
    assert head == "uniform sampler2D sampler_worms;\nint inner;\n"
    assert "texture (sampler_main, uv)" in body
    assert "ret = (tmpvar_1).xyz;" in body
    with pytest.raises(ValueError, match="butterchurn has no progress"):
        butterchurn_text(glsl.replace("float bass", "float progress"))


FAKE = f"""#!{sys.executable}
import sys, time
while line := sys.stdin.buffer.readline():
    text = sys.stdin.buffer.read(int(line)).decode()
    if "crash" in text: sys.exit(11)
    if "hang" in text: time.sleep(60)
    word, answer = ("error", "(7): ERROR: 'x' : bad\\n") if "wrong" in text else ("ok", text.upper())
    sys.stdout.write(f"{{word}} {{len(answer)}}\\n{{answer}}"); sys.stdout.flush()
"""


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A converter that turns text into capitals, and fails as asked."""
    path = tmp_path / "fake"
    path.write_text(FAKE)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_one_process_converts_one_after_another_and_survives_what_fails(fake):
    with Converter(fake) as converter:
        assert converter.convert("abc") == "ABC"
        with pytest.raises(ShaderError, match="line 3: 'x' : bad"):
            converter.convert("wrong", above=4)
        with pytest.raises(ShaderError, match="crashed"):
            converter.convert("crash")
        assert converter.convert("again " * 50_000) == "AGAIN " * 50_000
    with Converter(fake, patience_s=0.2) as converter, pytest.raises(ShaderError, match="did not end"):
        converter.convert("hang")


def test_a_converter_that_was_not_built_says_how_to_build_it(tmp_path):
    with pytest.raises(ConverterError, match=r"run tools/shader-converter/build.sh") as caught:
        Converter(tmp_path / "none")
    assert caught.value.exit_code == 3
