/** `window.__aivj.getState()`: what the page can prove, for tests and for people with a console. */

import type { PickKind, PreparedPick } from "../client/index.js";

export interface PickEvidence {
  seq: number;
  kind: PickKind;
  pack: string;
  pair: PreparedPick["pair"];
  presetIds: string[];
  fgUrl: string;
  bgUrl: string | null;
  /** Daemon's clock, ms; null when it never went on air. */
  activatedAtMs: number | null;
  lateMs: number | null;
  preparedMs: number | null;
  failed: string | null;
}

export interface CurrentEvidence extends PreparedPick {
  /** Addresses that the visualizers on air really hold, as their load path noted them. */
  loaded: { fg: string | null; bg: string | null };
}

export interface StageEvidence {
  connected: boolean;
  session: string;
  clockOffsetMs: number;
  current: CurrentEvidence | null;
  next: (PreparedPick & { status: "loading" | "ready" | "failed" }) | null;
  picks: PickEvidence[];
  fps: number;
  luma01: number;
  motion01: number;
  dropped: number;
  frames: number;
  audioFrames: number;
  resolution: { width: number; height: number; canvasWidth: number; canvasHeight: number };
  blackout: boolean;
  lastLoadMs: { fg: LoadTimes; bg: LoadTimes };
  errors: { atMs: number; message: string }[];
}

export interface LoadTimes {
  compile: number;
  firstFrame: number;
}

declare global {
  interface Window {
    __aivj?: { getState(): StageEvidence };
  }
}

const KEEP = 20;

/** The last picks and errors, oldest first. */
export class EvidenceLog {
  readonly picks: PickEvidence[] = [];
  readonly errors: { atMs: number; message: string }[] = [];

  pick(pick: PreparedPick, changes: Partial<PickEvidence>): void {
    let entry = this.picks.find((known) => known.seq === pick.seq && known.fgUrl === pick.fgUrl);
    if (entry === undefined) {
      entry = {
        seq: pick.seq,
        kind: pick.kind,
        pack: pick.pack,
        pair: pick.pair,
        presetIds: pick.presetIds,
        fgUrl: pick.fgUrl,
        bgUrl: pick.bgUrl,
        activatedAtMs: null,
        lateMs: null,
        preparedMs: null,
        failed: null,
      };
      this.picks.push(entry);
      if (this.picks.length > KEEP) this.picks.shift();
    }
    Object.assign(entry, changes);
  }

  error(atMs: number, message: string): void {
    this.errors.push({ atMs: Math.round(atMs), message });
    if (this.errors.length > KEEP) this.errors.shift();
  }
}
