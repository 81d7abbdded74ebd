/**
 * Which pick is to be shown when: `prepare` names it, `activate` gives the moment, `cancel` takes it
 * back. Pure bookkeeping in the daemon's time; who asks brings the time.
 */

import type { Activate, PreparedPick } from "./messages.js";

export interface Due {
  pick: PreparedPick;
  /** The moment it should have been shown, ms of the daemon's clock. */
  atMs: number;
  fadeSec: number;
  beatCount: number;
  barCount: number;
}

interface Entry {
  pick: PreparedPick;
  activate: Activate | null;
}

/** Prepared picks that were never activated are forgotten beyond this many. */
const KEEP = 8;

export class PickSchedule {
  private readonly entries = new Map<number, Entry>();

  prepare(pick: PreparedPick): void {
    const before = this.entries.get(pick.seq);
    this.entries.set(pick.seq, { pick, activate: before?.activate ?? null });
    while (this.entries.size > KEEP) this.entries.delete(Math.min(...this.entries.keys()));
  }

  /** @returns false when that pick was never prepared here; the caller cannot show it. */
  activate(message: Activate): boolean {
    const entry = this.entries.get(message.seq);
    if (entry === undefined) return false;
    entry.activate = message;
    return true;
  }

  /** @returns the pick taken back, if there was one. */
  cancel(seq: number): PreparedPick | null {
    const entry = this.entries.get(seq);
    this.entries.delete(seq);
    return entry?.pick ?? null;
  }

  clear(): void {
    this.entries.clear();
  }

  /** The latest pick that is prepared but not due yet. */
  get next(): PreparedPick | null {
    let newest: PreparedPick | null = null;
    for (const { pick } of this.entries.values()) if (newest === null || pick.seq > newest.seq) newest = pick;
    return newest;
  }

  /** The moment of the next activation, ms of the daemon's clock; null when none is known. */
  get nextAtMs(): number | null {
    let earliest: number | null = null;
    for (const { activate } of this.entries.values()) {
      if (activate !== null && (earliest === null || activate.atMs < earliest)) earliest = activate.atMs;
    }
    return earliest;
  }

  /**
   * Take what is due at `nowMs` (daemon's clock), oldest first. Picks older than one that is taken
   * are dropped: nobody wants to see a picture after its successor.
   */
  take(nowMs: number): Due[] {
    const due = [...this.entries.values()]
      .filter((e): e is Entry & { activate: Activate } => e.activate !== null && e.activate.atMs <= nowMs)
      .sort((a, b) => a.pick.seq - b.pick.seq);
    const newest = due.at(-1);
    if (newest === undefined) return [];
    for (const seq of [...this.entries.keys()]) if (seq <= newest.pick.seq) this.entries.delete(seq);
    return due.map(({ pick, activate }) => ({
      pick,
      atMs: activate.atMs,
      fadeSec: activate.fadeSec,
      beatCount: activate.beatCount,
      barCount: activate.barCount,
    }));
  }
}
