import { describe, expect, it } from "vitest";
import { Governor, LINES } from "../src/stage/governor.js";

/** Draw for `seconds` on a machine that needs `cost(lines)` ms a frame, at 60 Hz at most. */
function run(governor: Governor, seconds: number, cost: (lines: number) => number, fromMs = 0): { changes: number; endMs: number } {
  let now = fromMs;
  let changes = 0;
  while (now < fromMs + seconds * 1000) {
    now += Math.max(1000 / 60, cost(governor.lines));
    if (governor.frame(now)) changes += 1;
  }
  return { changes, endMs: now };
}

describe("Governor", () => {
  it("climbs to the height of the window on a fast machine", () => {
    const governor = new Governor(1080);
    run(governor, 12, () => 4);
    expect(governor.lines).toBe(1080);
  });

  it("never asks for more lines than the window has", () => {
    const governor = new Governor(400);
    run(governor, 20, () => 4);
    expect(governor.lines).toBe(360);
  });

  it("falls to the smallest on a very slow one, and stops there", () => {
    const governor = new Governor(1080);
    const { changes } = run(governor, 20, () => 200);
    expect(governor.lines).toBe(LINES[0]);
    expect(changes).toBeLessThanOrEqual(2);
  });

  it("settles where the machine is just fast enough, without pumping", () => {
    const governor = new Governor(1080);
    const cost = (lines: number) => (lines >= 504 ? 80 : 10);
    const { endMs } = run(governor, 15, cost);
    expect(governor.lines).toBe(360);
    expect(run(governor, 40, cost, endMs).changes).toBe(0);
  });

  it("does not count a stall that it was told of", () => {
    const governor = new Governor(200);
    let now = run(governor, 3, () => 4).endMs;
    for (let i = 0; i < 10; i++) {
      now += 900; // a preset compiles
      governor.disturb();
      now = run(governor, 0.3, () => 4, now).endMs;
    }
    expect(governor.lines).toBe(180);
  });

  it("starts within a tiny window", () => {
    expect(new Governor(100).lines).toBe(90);
  });
});
