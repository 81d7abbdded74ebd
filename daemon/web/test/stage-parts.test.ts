import { describe, expect, it } from "vitest";
import { decodeAudioFrame } from "../src/client/audio-frame.js";
import { Coupling } from "../src/stage/coupling.js";
import { EvidenceLog } from "../src/stage/evidence.js";
import { Gauge, SAMPLE_HEIGHT, SAMPLE_WIDTH } from "../src/stage/gauge.js";
import { parseStageOptions } from "../src/stage/options.js";
import { Sound } from "../src/stage/sound.js";
import { audioFrame, prepared } from "./samples.js";

describe("parseStageOptions", () => {
  it("has the documented defaults", () => {
    expect(parseStageOptions("")).toEqual({
      blend: "luma",
      resolution: null,
      coupling: true,
      couplingStrength: 0.5,
      keys: false,
      name: "stage",
    });
  });

  it("reads what it knows", () => {
    expect(parseStageOptions("?blend=screen&res=321x180&coupling3d=off&coupling3dStrength=0&keys=1&name=left")).toEqual({
      blend: "screen",
      resolution: { width: 320, height: 180 },
      coupling: false,
      couplingStrength: 0,
      keys: true,
      name: "left",
    });
  });

  it("falls back where the address is wrong", () => {
    const options = parseStageOptions("?blend=multiply&res=huge&coupling3dStrength=&keys=yes");
    expect([options.blend, options.resolution, options.couplingStrength, options.keys]).toEqual(["luma", null, 0.5, false]);
    expect(parseStageOptions("?coupling3dStrength=7").couplingStrength).toBe(1);
  });
});

describe("Sound", () => {
  it("mixes to mono and falls silent when nothing comes", () => {
    const sound = new Sound();
    sound.receive(decodeAudioFrame(audioFrame()), 1000);
    expect([sound.levels.timeByteArray[5], sound.levels.timeByteArrayL[5], sound.levels.timeByteArrayR[5]]).toEqual([150, 100, 200]);
    sound.age(1400);
    expect(sound.levels.timeByteArray[5]).toBe(150);
    sound.age(1600);
    expect(new Set(sound.levels.timeByteArrayL)).toEqual(new Set([128]));
    expect(sound.frames).toBe(1);
  });

  it("takes narrower and wider frames, newest samples last", () => {
    const sound = new Sound();
    sound.receive(decodeAudioFrame(audioFrame({ width: 512 })), 0);
    expect([sound.levels.timeByteArrayL[511], sound.levels.timeByteArrayL[512]]).toEqual([128, 100]);
    sound.receive(decodeAudioFrame(audioFrame({ width: 2048 })), 0);
    expect(sound.levels.timeByteArrayR.every((value) => value === 200)).toBe(true);
  });
});

describe("Gauge", () => {
  const grey = (value: number) => new Uint8Array(SAMPLE_WIDTH * SAMPLE_HEIGHT * 4).fill(value);

  it("measures brightness, and motion as if at 30 frames a second", () => {
    const gauge = new Gauge();
    gauge.first(grey(0), 0);
    gauge.second(grey(51), 1000 / 15);
    const { luma01, motion01 } = gauge.take(1000 / 15);
    expect(luma01).toBeCloseTo(0.2, 5);
    expect(motion01).toBeCloseTo(0.1, 5);
  });

  it("sees a still picture as still", () => {
    const gauge = new Gauge();
    gauge.first(grey(120), 0);
    gauge.second(grey(120), 33);
    expect(gauge.take(33).motion01).toBe(0);
  });

  it("counts frames and drops, drops anew after each report", () => {
    const gauge = new Gauge();
    for (let i = 0; i <= 50; i++) gauge.frame(i * 20);
    gauge.drop();
    expect(gauge.take(1000)).toMatchObject({ fps: 50, dropped: 1, sampled: false });
    expect(gauge.take(1000).dropped).toBe(0);
    expect(gauge.take(4000).fps).toBe(0);
  });

  it("tells a dark picture from the bright one before it", () => {
    const gauge = new Gauge();
    gauge.second(grey(200), 0);
    expect(gauge.dark).toBe(false);
    gauge.restart();
    gauge.second(grey(2), 400);
    expect(gauge.dark).toBe(true);
    const { luma01, sampled } = gauge.take(500);
    expect(sampled).toBe(true);
    expect(luma01).toBeLessThan(0.01);
    expect(gauge.dark).toBe(false);
  });
});

describe("Coupling", () => {
  it("pulses at the moment of the beat, not at its announcement", () => {
    const coupling = new Coupling(1);
    coupling.beat({ trusted: true, barCount: 0, atPageMs: 1000 });
    expect(coupling.at(900, 0.016).fgScale).toBeCloseTo(1.06, 3);
    expect(coupling.at(1000, 0.016).fgScale).toBeCloseTo(1.14, 3);
    expect(coupling.at(3000, 0.016).fgScale).toBeCloseTo(1.06, 3);
  });

  it("leans by no more than its amplitudes, layers against each other", () => {
    const coupling = new Coupling(1);
    coupling.beat({ trusted: true, barCount: 0, atPageMs: 0 });
    let uniforms = coupling.at(0, 0.1);
    for (let i = 1; i < 200; i++) uniforms = coupling.at(i * 100, 0.1);
    expect(uniforms.fgShift[0]).toBeCloseTo(0.035, 4);
    expect(uniforms.bgShift[0]).toBeCloseTo(-0.012, 4);
  });

  it("stays put without strength or trust", () => {
    const off = new Coupling(0);
    off.beat({ trusted: true, barCount: 0, atPageMs: 0 });
    expect(off.at(0, 0.1)).toMatchObject({ fgScale: 1, bgScale: 1 });
    const unsure = new Coupling(1);
    unsure.beat({ trusted: false, barCount: 0, atPageMs: 0 });
    expect(unsure.at(0, 0.1).fgScale).toBeCloseTo(1.06, 3);
  });
});

describe("EvidenceLog", () => {
  it("keeps the last 20 picks and completes each as news comes", () => {
    const log = new EvidenceLog();
    for (let seq = 1; seq <= 25; seq++) log.pick(prepared(seq), {});
    log.pick(prepared(25), { preparedMs: 12 });
    log.pick(prepared(25), { lateMs: 3 });
    expect(log.picks.length).toBe(20);
    expect(log.picks.at(-1)).toMatchObject({ seq: 25, preparedMs: 12, lateMs: 3, failed: null });
  });
});
