import { describe, expect, it } from "vitest";
import { PickSchedule } from "../src/client/schedule.js";
import { prepared } from "./samples.js";

function activate(seq: number, atMs: number) {
  return { type: "activate" as const, seq, sample: 0, atMs, beatCount: 4, barCount: 1, fadeSec: 0.5 };
}

describe("PickSchedule", () => {
  it("gives a pick at its moment, once, with the corrected fade", () => {
    const schedule = new PickSchedule();
    schedule.prepare(prepared(1, { activateAtMs: 900, fadeSec: 2 }));
    expect(schedule.activate(activate(1, 1000))).toBe(true);
    expect(schedule.take(999.9)).toEqual([]);
    expect(schedule.take(1000).map((due) => [due.pick.seq, due.fadeSec])).toEqual([[1, 0.5]]);
    expect(schedule.take(2000)).toEqual([]);
  });

  it("does not show what was only prepared, even after its announced time", () => {
    const schedule = new PickSchedule();
    schedule.prepare(prepared(1, { activateAtMs: 900 }));
    expect(schedule.take(5000)).toEqual([]);
    expect(schedule.nextAtMs).toBeNull();
  });

  it("refuses to activate what it never heard of", () => {
    expect(new PickSchedule().activate(activate(9, 1))).toBe(false);
  });

  it("forgets a cancelled pick", () => {
    const schedule = new PickSchedule();
    schedule.prepare(prepared(1));
    schedule.activate(activate(1, 10));
    expect(schedule.cancel(1)?.seq).toBe(1);
    expect(schedule.take(100)).toEqual([]);
    expect(schedule.cancel(1)).toBeNull();
  });

  it("drops what is older than the pick just taken", () => {
    const schedule = new PickSchedule();
    schedule.prepare(prepared(1));
    schedule.prepare(prepared(2));
    schedule.activate(activate(2, 10));
    expect(schedule.take(10).map((due) => due.pick.seq)).toEqual([2]);
    expect(schedule.activate(activate(1, 20))).toBe(false);
  });

  it("takes a repeated activation as a correction", () => {
    const schedule = new PickSchedule();
    schedule.prepare(prepared(1));
    schedule.activate(activate(1, 100));
    schedule.activate(activate(1, 150));
    expect(schedule.nextAtMs).toBe(150);
    expect(schedule.take(120)).toEqual([]);
  });

  it("does not grow without bound", () => {
    const schedule = new PickSchedule();
    for (let seq = 1; seq < 100; seq++) schedule.prepare(prepared(seq));
    expect(schedule.activate(activate(1, 0))).toBe(false);
    expect(schedule.next?.seq).toBe(99);
  });
});
