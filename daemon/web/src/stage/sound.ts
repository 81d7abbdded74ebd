/** The waveform that the renderers hear: the daemon's latest frame, or silence once it is stale. */

import type { AudioFrame } from "../client/index.js";

/** butterchurn takes 1024 bytes a channel and makes its 512 points of them. */
export const WAVEFORM_SAMPLES = 1024;
const ZERO = 128;
const STALE_MS = 500;

export interface AudioLevels {
  timeByteArray: Uint8Array;
  timeByteArrayL: Uint8Array;
  timeByteArrayR: Uint8Array;
}

export class Sound {
  /** Frames received so far. */
  frames = 0;
  readonly levels: AudioLevels = {
    timeByteArray: new Uint8Array(WAVEFORM_SAMPLES).fill(ZERO),
    timeByteArrayL: new Uint8Array(WAVEFORM_SAMPLES).fill(ZERO),
    timeByteArrayR: new Uint8Array(WAVEFORM_SAMPLES).fill(ZERO),
  };
  private receivedMs = Number.NEGATIVE_INFINITY;
  private silent = true;

  receive(frame: AudioFrame, nowMs: number): void {
    this.frames += 1;
    this.receivedMs = nowMs;
    this.silent = false;
    const { timeByteArray: mono, timeByteArrayL: left, timeByteArrayR: right } = this.levels;
    // A daemon with another width is heard all the same: the newest samples, silence before them.
    const take = Math.min(WAVEFORM_SAMPLES, frame.left.length);
    const from = frame.left.length - take;
    const to = WAVEFORM_SAMPLES - take;
    if (to > 0) for (const channel of [mono, left, right]) channel.fill(ZERO, 0, to);
    for (let i = 0; i < take; i++) {
      const l = frame.left[from + i] as number;
      const r = frame.right[from + i] as number;
      left[to + i] = l;
      right[to + i] = r;
      mono[to + i] = (l + r + 1) >> 1;
    }
  }

  /** Call once a frame: without news for half a second the picture hears silence. */
  age(nowMs: number): void {
    if (this.silent || nowMs - this.receivedMs < STALE_MS) return;
    this.silent = true;
    for (const channel of Object.values(this.levels) as Uint8Array[]) channel.fill(ZERO);
  }
}
