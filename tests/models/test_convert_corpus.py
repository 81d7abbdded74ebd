"""The real converter on real presets: a sample of Debian's, and each class of failure that text mends."""

from __future__ import annotations

import pytest
from milk_files import milk_files

from models.convert.converter import Converter
from models.convert.preset import Shaders, convert
from models.errors import PresetError
from models.milk.preset import MilkPreset
from models.milk.reader import read_milk

pytestmark = pytest.mark.slow


def test_nearly_every_preset_with_shaders_converts():
    done, failed = 0, []
    with Converter() as converter:
        shaders = Shaders(converter)
        for path in milk_files()[::7]:
            preset, _ = read_milk(path.read_bytes(), str(path))
            if not {"warp", "comp"} & preset.code.keys():
                continue
            try:
                body = convert(preset, shaders, path.name).body
            except PresetError as error:
                failed.append(str(error))
                continue
            done += 1
            assert all("shader_body {" in body[name] for name in ("warp", "comp") if preset.code.get(name))
    assert done > 80
    assert len(failed) <= 0.03 * (done + len(failed)), failed


@pytest.mark.parametrize(
    "shader",
    [
        "shader_body { double3 a = 0.5; ret = a; }",
        "sampler sampler_worms;\nshader_body { ret = tex2D(sampler_worms, uv*texsize_worms.zw).xyz; }",
        "shader_body { ret = tex3D(sampler_fw_noisevol_hq, uv.xyx).xyz; }",
        "shader_body { ret = mul(tex2D(sampler_main, uv).xyz, (float3x3)rot_f1); }",
        "shader_body { uv_orig = uv; q1 = bass; ret = GetBlur1(uv_orig)*q1 + lum(ret); }",
    ],
)
def test_what_text_mends_compiles(shader):
    with Converter() as converter:
        assert convert(MilkPreset(code={"comp": shader}), Shaders(converter), "test").body["comp"]


def test_a_fault_names_its_line():
    with Converter() as converter, pytest.raises(PresetError, match="comp shader: line 3: 'nothing'"):
        convert(MilkPreset(code={"comp": "shader_body\n{\nret = nothing;\n}"}), Shaders(converter), "test")
