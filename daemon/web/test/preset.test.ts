import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PresetError, validatePreset } from "../src/stage/preset.js";

function preset(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    baseVals: { decay: 0.98, wrap: true },
    shapes: [],
    waves: [{ baseVals: { enabled: 1 }, init_eqs_eel: "", frame_eqs_eel: "a=1", point_eqs_eel: "x=1" }],
    init_eqs_eel: "",
    frame_eqs_eel: "zoom = 1.01;",
    pixel_eqs_eel: "",
    warp: "",
    comp: "",
    ...changes,
  };
}

describe("validatePreset", () => {
  it("keeps what the renderer reads, and pads to four shapes and waves", () => {
    const checked = validatePreset(preset({ version: 2, useJS: true, anything: { else: 1 } }));
    expect(Object.keys(checked).sort()).toEqual(
      ["baseVals", "comp", "frame_eqs_eel", "init_eqs_eel", "pixel_eqs_eel", "shapes", "version", "warp", "waves"].sort(),
    );
    expect(checked.baseVals).toEqual({ decay: 0.98, wrap: 1 });
    expect([checked.shapes.length, checked.waves.length]).toEqual([4, 4]);
    expect(checked.waves[0]?.["point_eqs_eel"]).toBe("x=1");
    expect(checked.waves[3]?.baseVals).toEqual({ enabled: 0 });
  });

  it.each([
    ["frame_eqs_str", preset({ frame_eqs_str: "fetch('/')" })],
    ["waves[0].point_eqs_str", preset({ waves: [{ baseVals: {}, point_eqs_str: "a.x=1" }] })],
    ["deep.pixel_eqs_str", preset({ deep: { pixel_eqs_str: 5 } })],
  ])("refuses JavaScript in %s", (where, value) => {
    expect(() => validatePreset(value)).toThrow(`carries JavaScript equations (${where})`);
  });

  it.each([
    [null, "is not a JSON object"],
    [[], "is not a JSON object"],
    [{ baseVals: {} }, "has no raw EEL"],
    [preset({ baseVals: null }), "has no baseVals"],
    [preset({ baseVals: { zoom: "big" } }), "baseVals.zoom that is not a number"],
    [preset({ shapes: {} }), "shapes that are not a list"],
    [preset({ waves: [3] }), "waves[0] that is not an object"],
    [preset({ warp: 7 }), "warp that is not text"],
  ])("refuses %j", (value, reason) => {
    expect(() => validatePreset(value)).toThrow(PresetError);
    expect(() => validatePreset(value)).toThrow(reason);
  });

  it("accepts every preset of butterchurn-presets 3", () => {
    const folder = join(import.meta.dirname, "../node_modules/butterchurn-presets/presets/converted");
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(names.length).toBeGreaterThan(400);
    for (const name of names) {
      expect(() => validatePreset(JSON.parse(readFileSync(join(folder, name), "utf8"))), name).not.toThrow();
    }
  });
});
