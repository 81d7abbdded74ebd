/**
 * What the audience sees, in numbers: frames a second, brightness, motion.
 *
 * `luma01` is the mean Rec. 709 luma of the sRGB bytes. `motion01` is the mean absolute difference
 * of luma between two consecutive frames, scaled to a thirtieth of a second.
 */

export const SAMPLE_WIDTH = 32;
export const SAMPLE_HEIGHT = 18;

const CELLS = SAMPLE_WIDTH * SAMPLE_HEIGHT;
const REFERENCE_SEC = 1 / 30;

/** Luma of each cell, 0 to 1, from RGBA bytes. */
export function lumaOf(pixels: Uint8Array): Float32Array {
  const luma = new Float32Array(CELLS);
  for (let i = 0; i < CELLS; i++) {
    const r = pixels[4 * i] as number;
    const g = pixels[4 * i + 1] as number;
    const b = pixels[4 * i + 2] as number;
    luma[i] = (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  }
  return luma;
}

/** Luma below which a sample is dark enough to be told at once. */
const DARK_LUMA = 0.05;

export interface GaugeReading {
  fps: number;
  luma01: number;
  motion01: number;
  dropped: number;
}

export class Gauge {
  /** The latest reading; NaN-free from the start. */
  reading: GaugeReading = { fps: 0, luma01: 0, motion01: 0, dropped: 0 };
  private frameTimes: number[] = [];
  private droppedFrames = 0;
  private lumas: number[] = [];
  private motions: number[] = [];
  private before: { luma: Float32Array; atMs: number } | null = null;

  frame(nowMs: number): void {
    this.frameTimes.push(nowMs);
    this.forgetFrames(nowMs);
  }

  /** Whether the newest sample is dark: worth a report of its own, for a dark show is replaced in time. */
  get dark(): boolean {
    const newest = this.lumas.at(-1);
    return newest !== undefined && newest < DARK_LUMA;
  }

  /** Another picture comes: what was seen so far says nothing of it. */
  restart(): void {
    this.lumas = [];
    this.motions = [];
    this.before = null;
  }

  drop(): void {
    this.droppedFrames += 1;
  }

  /** First frame of a consecutive pair. */
  first(pixels: Uint8Array, atMs: number): void {
    this.before = { luma: lumaOf(pixels), atMs };
  }

  /** Second frame of the pair, `atMs` the time it was drawn. */
  second(pixels: Uint8Array, atMs: number): void {
    const luma = lumaOf(pixels);
    let sum = 0;
    let moved = 0;
    for (let i = 0; i < CELLS; i++) {
      sum += luma[i] as number;
      if (this.before !== null) moved += Math.abs((luma[i] as number) - (this.before.luma[i] as number));
    }
    this.lumas.push(sum / CELLS);
    const gapSec = this.before === null ? 0 : (atMs - this.before.atMs) / 1000;
    // A slow renderer would look lively for its long gaps alone.
    if (gapSec > 0) this.motions.push((moved / CELLS) * Math.min(2, REFERENCE_SEC / gapSec));
    this.before = null;
  }

  /** Means since the last call, and start anew. Without a sample since then there is no brightness to tell. */
  take(nowMs: number): GaugeReading & { sampled: boolean } {
    this.forgetFrames(nowMs);
    const sampled = this.lumas.length > 0;
    if (this.lumas.length > 0) this.reading.luma01 = clamp01(mean(this.lumas));
    if (this.motions.length > 0) this.reading.motion01 = clamp01(mean(this.motions));
    this.reading.dropped = this.droppedFrames;
    this.lumas = [];
    this.motions = [];
    this.droppedFrames = 0;
    return { ...this.reading, sampled };
  }

  private forgetFrames(nowMs: number): void {
    const times = this.frameTimes;
    while (times.length > 0 && nowMs - (times[0] as number) > 2000) times.shift();
    const span = times.length > 0 ? nowMs - (times[0] as number) : 0;
    this.reading.fps = span > 0 ? ((times.length - 1) * 1000) / span : 0;
  }
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
