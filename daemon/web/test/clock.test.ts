import { describe, expect, it } from "vitest";
import { ClockSync } from "../src/client/clock.js";

const TRUE_OFFSET = 7000;

/** One exchange with its own delay each way, ms. */
function exchange(clock: ClockSync, sentMs: number, outMs: number, backMs: number): void {
  clock.add(sentMs, sentMs + outMs + backMs, sentMs + outMs + TRUE_OFFSET);
}

describe("ClockSync", () => {
  it("is exact on a symmetric path", () => {
    const clock = new ClockSync();
    exchange(clock, 0, 4, 4);
    expect(clock.offsetMs).toBe(TRUE_OFFSET);
    expect(clock.toPage(clock.toServer(123))).toBe(123);
  });

  it("is not led astray by exchanges that were queued one way", () => {
    const clock = new ClockSync();
    for (let i = 0; i < 20; i++) exchange(clock, i * 100, 1, i % 3 === 0 ? 1.2 : 80 + i);
    expect(Math.abs(clock.offsetMs - TRUE_OFFSET)).toBeLessThan(1);
    expect(clock.rttMs).toBeCloseTo(2.2);
  });

  it("uses the hint of hello until a ping came back", () => {
    const clock = new ClockSync();
    clock.hint(5000, 1000);
    expect(clock.offsetMs).toBe(4000);
    exchange(clock, 0, 1, 1);
    expect(clock.offsetMs).toBe(TRUE_OFFSET);
  });

  it("starts afresh when the daemon's clock jumped", () => {
    const clock = new ClockSync();
    for (let i = 0; i < 10; i++) exchange(clock, i * 100, 1, 1);
    clock.add(2000, 2002, 2001 + 90_000);
    expect(clock.samples).toBe(1);
    expect(clock.offsetMs).toBe(90_000);
  });

  it("ignores an exchange that ended before it began", () => {
    const clock = new ClockSync();
    clock.add(10, 5, 0);
    expect(clock.samples).toBe(0);
  });

  it("follows a slow drift", () => {
    const clock = new ClockSync();
    for (let i = 0; i < 200; i++) clock.add(i * 5000, i * 5000 + 2, i * 5000 + 1 + i * 0.5);
    expect(clock.offsetMs).toBeGreaterThan(80);
  });
});
