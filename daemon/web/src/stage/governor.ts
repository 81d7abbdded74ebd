/**
 * Chooses how many lines the layers are drawn with, from the frame rate alone.
 *
 * Down as soon as a second is too slow, up while there is plenty; a step up that turns out too slow
 * marks its height as a ceiling for a minute, so that the picture does not pump.
 */

/** Lines of a layer, small to large. */
export const LINES: readonly number[] = [90, 126, 180, 252, 360, 504, 720, 1080];

const START_LINES = 180;
const TOO_SLOW_FPS = 18;
const PLENTY_FPS = 48;
const WINDOW_MS = 1000;
/** The frame after a resize is not typical. */
const SETTLE_MS = 400;
const CEILING_FOR_MS = 60_000;
/** Far below the wish, one step would take too long: skip two. */
const FAR_TOO_SLOW_FPS = 9;

export class Governor {
  private index = LINES.indexOf(START_LINES);
  private windowStartMs: number | null = null;
  private framesInWindow = 0;
  private ceilingIndex = LINES.length - 1;
  private ceilingUntilMs = 0;
  private wentUpLast = false;

  /** @param mostLines the height of the window in device pixels: more lines than that are wasted. */
  constructor(private mostLines: number) {
    while (this.index > 0 && this.lines > mostLines) this.index -= 1;
  }

  get lines(): number {
    return LINES[this.index] as number;
  }

  setMostLines(lines: number): void {
    this.mostLines = lines;
  }

  /** A frame was drawn. @returns true when `lines` changed. */
  frame(nowMs: number): boolean {
    if (this.windowStartMs === null) {
      this.windowStartMs = nowMs;
      this.framesInWindow = 0;
      return false;
    }
    if (nowMs < this.windowStartMs) return false; // settling
    this.framesInWindow += 1;
    const span = nowMs - this.windowStartMs;
    if (span < WINDOW_MS) return false;
    const fps = (this.framesInWindow * 1000) / span;
    this.windowStartMs = nowMs;
    this.framesInWindow = 0;
    return this.judge(fps, nowMs);
  }

  /** Something else took the time (a preset was compiled, the page was hidden): start measuring anew. */
  disturb(): void {
    this.windowStartMs = null;
  }

  private judge(fps: number, nowMs: number): boolean {
    if (fps < TOO_SLOW_FPS && this.index > 0) {
      if (this.wentUpLast) {
        this.ceilingIndex = this.index - 1;
        this.ceilingUntilMs = nowMs + CEILING_FOR_MS;
      }
      return this.move(fps < FAR_TOO_SLOW_FPS ? -2 : -1, nowMs);
    }
    if (nowMs > this.ceilingUntilMs) this.ceilingIndex = LINES.length - 1;
    const next = LINES[this.index + 1];
    if (fps >= PLENTY_FPS && next !== undefined && next <= this.mostLines && this.index < this.ceilingIndex) {
      return this.move(1, nowMs);
    }
    return false;
  }

  private move(steps: number, nowMs: number): boolean {
    this.index = Math.min(LINES.length - 1, Math.max(0, this.index + steps));
    this.wentUpLast = steps > 0;
    this.windowStartMs = nowMs + SETTLE_MS;
    return true;
  }
}
