/**
 * Depth from the beat: the two layers lean against each other and the foreground breathes.
 *
 * At full strength the background shifts by -0.012 and the foreground by +0.035 of the picture, and
 * the foreground is scaled by 1.06 + 0.08 * pulse.
 */

import type { Beat } from "../client/index.js";

export interface CouplingUniforms {
  fgShift: readonly [number, number];
  bgShift: readonly [number, number];
  fgScale: number;
  bgScale: number;
}

const BG_SHIFT = -0.012;
const FG_SHIFT = 0.035;
const FG_SCALE = 0.06;
const FG_PULSE = 0.08;
const BG_SCALE = 0.02;
const PULSE_DECAY_SEC = 0.18;
const LEAN_SEC = 0.9;
/** Where the layers lean, one direction a bar: a slow square, never a sudden reversal. */
const LEANS: readonly (readonly [number, number])[] = [[1, 0.35], [-0.3, 1], [-1, -0.35], [0.3, -1]];

export class Coupling {
  private beats: { atPageMs: number; barCount: number }[] = [];
  private lean: [number, number] = [0, 0];
  private aim: readonly [number, number] = [0, 0];
  private lastBeatMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly strength: number) {}

  /** A beat announced ahead; beats that are not trusted move nothing. */
  beat(beat: Pick<Beat, "trusted" | "barCount"> & { atPageMs: number }): void {
    if (beat.trusted) this.beats.push({ atPageMs: beat.atPageMs, barCount: beat.barCount });
  }

  at(nowMs: number, elapsedSec: number): CouplingUniforms {
    while (this.beats.length > 0 && (this.beats[0] as { atPageMs: number }).atPageMs <= nowMs) {
      const { atPageMs, barCount } = this.beats.shift() as { atPageMs: number; barCount: number };
      this.lastBeatMs = atPageMs;
      this.aim = LEANS[((barCount % 4) + 4) % 4] as readonly [number, number];
    }
    const pulse = Math.exp(-Math.max(0, nowMs - this.lastBeatMs) / 1000 / PULSE_DECAY_SEC);
    const follow = 1 - Math.exp(-elapsedSec / LEAN_SEC);
    this.lean[0] += (this.aim[0] - this.lean[0]) * follow;
    this.lean[1] += (this.aim[1] - this.lean[1]) * follow;
    const s = this.strength;
    return {
      fgShift: [s * FG_SHIFT * this.lean[0], s * FG_SHIFT * this.lean[1]],
      bgShift: [s * BG_SHIFT * this.lean[0], s * BG_SHIFT * this.lean[1]],
      fgScale: 1 + s * (FG_SCALE + FG_PULSE * pulse),
      bgScale: 1 + s * BG_SCALE,
    };
  }
}
