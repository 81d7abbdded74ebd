/**
 * Where the daemon's clock stands against this page's.
 *
 * Each exchange gives `offset = serverMs - (sent + received) / 2`, wrong by at most half its round
 * trip. Queueing only ever makes a round trip longer, so the exchanges with the shortest ones are
 * the trustworthy ones: the estimate is the median offset of the best quarter (at least three) of
 * the last 32. (Mills, RFC 5905 section 10, does the same with the minimum alone.)
 */

const WINDOW = 32;
const BEST_AT_LEAST = 3;
/** A jump larger than this beyond the round trip means that one of the clocks was restarted. */
const JUMP_MS = 500;

interface Exchange {
  rttMs: number;
  offsetMs: number;
}

export class ClockSync {
  private exchanges: Exchange[] = [];
  private coarseMs: number | null = null;
  private estimateMs: number | null = null;

  /** `server - page`, ms; 0 until anything is known. */
  get offsetMs(): number {
    return this.estimateMs ?? this.coarseMs ?? 0;
  }

  /** Shortest round trip in the window, ms; NaN until one was measured. */
  get rttMs(): number {
    return this.exchanges.length === 0 ? Number.NaN : Math.min(...this.exchanges.map((e) => e.rttMs));
  }

  /** How many exchanges the estimate rests on. */
  get samples(): number {
    return this.exchanges.length;
  }

  /** A one-way hint (the `nowMs` of `hello`): used until the first ping, or when it contradicts the estimate. */
  hint(serverMs: number, pageMs: number): void {
    const offset = serverMs - pageMs;
    if (this.estimateMs !== null && Math.abs(offset - this.estimateMs) > 2 * JUMP_MS) this.reset();
    this.coarseMs = offset;
  }

  /** One ping answered. Ignored when the round trip is negative or not finite. */
  add(sentMs: number, receivedMs: number, serverMs: number): void {
    const rttMs = receivedMs - sentMs;
    const offsetMs = serverMs - (sentMs + receivedMs) / 2;
    if (!(rttMs >= 0) || !Number.isFinite(offsetMs)) return;
    if (this.estimateMs !== null && Math.abs(offsetMs - this.estimateMs) > rttMs / 2 + JUMP_MS) this.reset();
    this.exchanges.push({ rttMs, offsetMs });
    if (this.exchanges.length > WINDOW) this.exchanges.shift();
    this.estimateMs = this.estimate();
  }

  reset(): void {
    this.exchanges = [];
    this.coarseMs = null;
    this.estimateMs = null;
  }

  toPage(serverMs: number): number {
    return serverMs - this.offsetMs;
  }

  toServer(pageMs: number): number {
    return pageMs + this.offsetMs;
  }

  private estimate(): number {
    const count = Math.max(BEST_AT_LEAST, Math.ceil(this.exchanges.length / 4));
    const offsets = [...this.exchanges]
      .sort((a, b) => a.rttMs - b.rttMs)
      .slice(0, count)
      .map((e) => e.offsetMs)
      .sort((a, b) => a - b);
    const middle = offsets.length >> 1;
    const upper = offsets[middle] as number;
    return offsets.length % 2 === 1 ? upper : (upper + (offsets[middle - 1] as number)) / 2;
  }
}
