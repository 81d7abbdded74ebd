import { describe, expect, it } from "vitest";
import { clockTime, countdown, failureInWords, oddsInWords, outcomeInWords, percent, presetName, reasonInWords, signed, titleOf, whyInWords } from "../src/control/words.js";
import { argumentOf, verbOfKey } from "../src/keys.js";
import { prepared, record } from "./samples.js";

describe("words", () => {
  it("say known reasons plainly and unknown ones legibly", () => {
    expect(reasonInWords("section:drop")).toBe("The music dropped");
    expect(reasonInWords("phase:of_the-moon")).toBe("Phase of the moon");
    expect(reasonInWords("")).toBe("No reason given");
    expect(whyInWords({ reason: "section:drop", trigger: "section:drop" })).toBe("The music dropped");
    expect(whyInWords({ reason: "section:drop" })).toBe("The music dropped");
    expect(whyInWords({ reason: "fallback:no-audio", trigger: "section:drop" })).toMatch(/^The music dropped\. No usable sound/);
  });

  it("name a pair by its number and a preset by its file", () => {
    expect(titleOf(prepared(12))).toBe("Pair 12");
    expect(titleOf(prepared(1, { kind: "preset", pair: null, fgUrl: "/presets/d/Geiss%20-%20Up.json?x#y" }))).toBe("Geiss - Up");
    expect(presetName("/presets/100%.milk")).toBe("100%");
  });

  it.each([
    [8.1, 120, "in 5 bars · 8.1 s"],
    [2, 120, "in 1 bar · 2.0 s"],
    [0.9, 120, "in 2 beats · 0.9 s"],
    [0.4, 120, "in 1 beat · 0.4 s"],
    [3.25, 0, "in 3.3 s"],
    [-1, 120, "now"],
  ])("count down %d s at %d BPM", (seconds, bpm, words) => {
    expect(countdown(seconds, bpm)).toBe(words);
  });

  it("tell how the draw went", () => {
    const drawn = { mode: "random", requestedMode: "weighted", probability: 0.0123, candidates: 80 };
    expect(oddsInWords(record(1, drawn))).toBe("1.2 % of 80 by random instead of weighted");
    expect(oddsInWords(record(1, { ...drawn, factors: { asked: 1 } }))).toBe("asked for by name");
    expect(oddsInWords(record(1, { ...drawn, factors: { turn: 1 } }))).toBe("its turn in the shuffle");
  });

  it("tell what became of a pick", () => {
    expect(outcomeInWords(undefined).words).toBe("coming");
    expect(outcomeInWords({ seq: 1, outcome: "shown", lateMs: 4 })).toEqual({ words: "shown", tone: "good" });
    expect(outcomeInWords({ seq: 1, outcome: "shown", lateMs: 320 }).words).toBe("320 ms late");
    expect(outcomeInWords({ seq: 1, outcome: "failed" }).tone).toBe("bad");
    expect(outcomeInWords({ seq: 1, outcome: "activated" }).words).toBe("on air");
    expect(outcomeInWords({ seq: 1, outcome: "activated" }, false).words).toBe("no stage answered");
  });

  it("tell why a pick failed, by the preset's name", () => {
    expect(failureInWords("/presets/demo/a%20b.json cannot be fetched: HTTP 404")).toBe("a b cannot be fetched: HTTP 404");
    expect(failureInWords(undefined)).toBe("no reason given");
  });

  it("write numbers of steady width", () => {
    expect([percent(0.4), percent(0.04), percent(0.0004)]).toEqual(["40 %", "4.0 %", "0.04 %"]);
    expect([clockTime(65), clockTime(3725), clockTime(-3)]).toEqual(["1:05", "1:02:05", "0:00"]);
    expect([signed(1.5, 1, "dB"), signed(-0.5, 2), signed(-0.001, 1)]).toEqual(["+1.5 dB", "\u22120.50", "0.0"]);
  });
});

describe("keys", () => {
  const press = (key: string, changes = {}) => ({ key, ctrlKey: false, altKey: false, metaKey: false, repeat: false, ...changes });

  it.each([
    [" ", "hold"],
    ["n", "next"],
    ["N", "next"],
    ["ArrowRight", "next"],
    ["ArrowLeft", "back"],
    ["b", "blackout"],
    ["t", "tap"],
    ["h", "half"],
    ["d", "double"],
    ["x", null],
  ])("%j means %j", (key, verb) => {
    expect(verbOfKey(press(key))).toBe(verb);
  });

  it("leaves short cuts to the browser and ignores a held key", () => {
    expect(verbOfKey(press("t", { ctrlKey: true }))).toBeNull();
    expect(verbOfKey(press("n", { repeat: true }))).toBeNull();
  });

  it("asks for the opposite of what is on", () => {
    expect(argumentOf("hold", { hold: false, blackout: true })).toBe(true);
    expect(argumentOf("blackout", { hold: false, blackout: true })).toBe(false);
    expect(argumentOf("hold", null)).toBe(true);
    expect(argumentOf("next", null)).toBeUndefined();
  });
});
