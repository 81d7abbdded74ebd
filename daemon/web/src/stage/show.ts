/**
 * What is on air, what stands by, and what goes wrong in between.
 *
 * Two decks take turns. `prepare` loads the one that is not on air; `activate` puts it on air, at
 * once if it is ready, otherwise as soon as it is. A pick that cannot be loaded is never shown: the
 * picture on air stays, and the daemon hears the reason. Knows nothing of browsers or shaders.
 */

import type { Activation, Layer, PreparedPick } from "../client/index.js";

export interface LoadFailure {
  layer: Layer;
  reason: string;
}

export interface Loadable {
  load(pick: PreparedPick, signal: AbortSignal): Promise<void>;
}

export interface ShowHooks<D> {
  prepared(pick: PreparedPick, ms: number): void;
  failed(pick: PreparedPick, failure: LoadFailure): void;
  /** A pick went on air. `outgoing` is null for the first one. */
  onAir(change: { pick: PreparedPick; deck: D; outgoing: D | null; atPageMs: number; fadeSec: number }): void;
}

type Moment = Pick<Activation, "atPageMs" | "fadeSec">;

interface Standby {
  pick: PreparedPick;
  status: "loading" | "ready" | "failed";
  moment: Moment | null;
  abort: AbortController;
}

export class Show<D extends Loadable> {
  current: PreparedPick | null = null;
  private standby: Standby | null = null;
  /** Came while `standby` was due but still loading; its turn is after that one. */
  private following: PreparedPick | null = null;
  private onAirIndex: 0 | 1 = 0;
  /** Loads run one after the other: a visualizer cannot compile two presets at a time. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly decks: readonly [D, D],
    private readonly hooks: ShowHooks<D>,
    private readonly now: () => number,
  ) {}

  get deckOnAir(): D {
    return this.decks[this.onAirIndex];
  }

  get deckStandingBy(): D {
    return this.decks[this.onAirIndex === 0 ? 1 : 0];
  }

  get next(): { pick: PreparedPick; status: Standby["status"] } | null {
    return this.standby === null ? null : { pick: this.standby.pick, status: this.standby.status };
  }

  /** Load a pick for later. Asking again for the one that is loading or ready changes nothing. */
  prepare(pick: PreparedPick): void {
    if (this.standby?.pick.seq === pick.seq && this.standby.status !== "failed") return;
    if (this.current?.seq === pick.seq) return;
    if (this.standby?.status === "loading" && this.standby.moment !== null) {
      this.following = pick;
      return;
    }
    this.begin(pick);
  }

  /** @returns false when that pick is not the one standing by, or could not be loaded. */
  activate(seq: number, moment: Moment): boolean {
    // The follower is due before its forerunner was ready: nobody waits for the forerunner now.
    if (this.following?.seq === seq) this.begin(this.following);
    const standby = this.standby;
    if (standby === null || standby.pick.seq !== seq || standby.status === "failed") return false;
    standby.moment = moment;
    if (standby.status === "ready") this.take(standby, moment);
    return true;
  }

  /** Take a prepared pick back; one already on air stays. */
  cancel(seq: number): void {
    if (this.following?.seq === seq) this.following = null;
    if (this.standby?.pick.seq !== seq) return;
    this.standby.abort.abort();
    this.standby = null;
  }

  /** Show without delay what the daemon says is on screen (after a reload or a lost connection). */
  adopt(pick: PreparedPick): void {
    if (this.current?.seq === pick.seq && this.current.fgUrl === pick.fgUrl) return;
    // Another session counts from 1 again: what is known here under that number is another pick.
    this.current = null;
    this.prepare(pick);
    this.activate(pick.seq, { atPageMs: this.now(), fadeSec: Math.min(0.5, pick.fadeSec) });
  }

  /** Forget what stands by: a new session numbers its picks afresh. */
  forgetStandby(): void {
    this.standby?.abort.abort();
    this.standby = null;
    this.following = null;
  }

  private begin(pick: PreparedPick): void {
    this.standby?.abort.abort();
    this.following = null;
    const standby: Standby = { pick, status: "loading", moment: null, abort: new AbortController() };
    this.standby = standby;
    this.queue = this.queue.then(() => this.load(standby));
  }

  private async load(standby: Standby): Promise<void> {
    if (this.standby !== standby) return; // superseded while it waited for its turn
    const started = this.now();
    try {
      await this.deckStandingBy.load(standby.pick, standby.abort.signal);
    } catch (error) {
      if (standby.abort.signal.aborted) return;
      standby.status = "failed";
      this.hooks.failed(standby.pick, asFailure(error));
      this.beginFollowing();
      return;
    }
    if (this.standby !== standby) return;
    standby.status = "ready";
    this.hooks.prepared(standby.pick, this.now() - started);
    if (standby.moment !== null) this.take(standby, standby.moment);
  }

  private take(standby: Standby, moment: Moment): void {
    const outgoing = this.current === null ? null : this.deckOnAir;
    this.onAirIndex = this.onAirIndex === 0 ? 1 : 0;
    this.current = standby.pick;
    this.standby = null;
    this.hooks.onAir({ pick: standby.pick, deck: this.deckOnAir, outgoing, ...moment });
    this.beginFollowing();
  }

  private beginFollowing(): void {
    if (this.following !== null) this.begin(this.following);
  }
}

function asFailure(error: unknown): LoadFailure {
  if (typeof error === "object" && error !== null && "layer" in error && "reason" in error) {
    return error as LoadFailure;
  }
  return { layer: "fg", reason: `failed: ${error instanceof Error ? error.message : String(error)}` };
}
