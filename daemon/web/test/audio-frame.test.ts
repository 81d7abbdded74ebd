import { describe, expect, it } from "vitest";
import { decodeAudioFrame } from "../src/client/audio-frame.js";
import { audioFrame } from "./samples.js";

describe("decodeAudioFrame", () => {
  it("reads every field at the offset of the book", () => {
    const frame = decodeAudioFrame(audioFrame());
    expect(frame.gain).toBe(2);
    expect(frame.sample).toBe(12_345_678_901);
    expect(frame.atMs).toBe(500_123.5);
    expect([frame.left.length, frame.left[0], frame.left[1023]]).toEqual([1024, 100, 100]);
    expect([frame.right.length, frame.right[0], frame.right[1023]]).toEqual([1024, 200, 200]);
    expect([...frame.spectrum]).toEqual(Array.from({ length: 64 }, (_, i) => i));
  });

  it.each([
    ["shorter than its header", new ArrayBuffer(10)],
    ["does not begin with AIVJ", audioFrame({ magic: "RIFF" })],
    ["version 2 is unknown", audioFrame({ version: 2 })],
    ["unknown kind 9", audioFrame({ kind: 9 })],
    ["its header promises", audioFrame().slice(0, 2000)],
  ])("refuses a frame that %s", (reason, buffer) => {
    expect(() => decodeAudioFrame(buffer)).toThrow(reason);
  });
});
