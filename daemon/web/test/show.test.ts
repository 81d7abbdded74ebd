import { beforeEach, describe, expect, it } from "vitest";
import type { PreparedPick } from "../src/client/messages.js";
import { Show } from "../src/stage/show.js";
import { prepared } from "./samples.js";

/** A deck whose loads end when the test says so. */
class FakeDeck {
  readonly loads: { pick: PreparedPick; signal: AbortSignal; finish(): void; fail(reason: unknown): void }[] = [];

  constructor(readonly name: string) {}

  load(pick: PreparedPick, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.loads.push({ pick, signal, finish: resolve, fail: reject });
    });
  }

  get last() {
    const last = this.loads.at(-1);
    if (last === undefined) throw new Error(`${this.name} was never asked to load`);
    return last;
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const moment = (atPageMs: number) => ({ atPageMs, fadeSec: 1 });

describe("Show", () => {
  let time = 0;
  let log: string[] = [];
  let a: FakeDeck;
  let b: FakeDeck;
  let show: Show<FakeDeck>;

  beforeEach(() => {
    time = 0;
    log = [];
    a = new FakeDeck("a");
    b = new FakeDeck("b");
    show = new Show(
      [a, b],
      {
        prepared: (pick, ms) => log.push(`prepared ${pick.seq} ${ms}`),
        failed: (pick, { layer, reason }) => log.push(`failed ${pick.seq} ${layer} ${reason}`),
        onAir: ({ pick, deck, outgoing }) => log.push(`air ${pick.seq} ${deck.name} after ${outgoing?.name ?? "nothing"}`),
      },
      () => time,
    );
  });

  async function loaded(seq: number, deck: FakeDeck) {
    show.prepare(prepared(seq));
    await settle();
    deck.last.finish();
    await settle();
  }

  it("loads off air, then shows on the moment; decks take turns", async () => {
    show.prepare(prepared(1));
    await settle();
    time = 300;
    b.last.finish();
    await settle();
    show.activate(1, moment(1000));
    await loaded(2, a);
    show.activate(2, moment(2000));
    expect(log).toEqual(["prepared 1 300", "air 1 b after nothing", "prepared 2 0", "air 2 a after b"]);
    expect(show.deckOnAir).toBe(a);
  });

  it("shows a late one as soon as it is ready", async () => {
    show.prepare(prepared(1));
    await settle();
    expect(show.activate(1, moment(0))).toBe(true);
    expect(log).toEqual([]);
    b.last.finish();
    await settle();
    expect(log).toEqual(["prepared 1 0", "air 1 b after nothing"]);
  });

  it("never shows what failed, and keeps what is on air", async () => {
    await loaded(1, b);
    show.activate(1, moment(0));
    show.prepare(prepared(2));
    await settle();
    a.last.fail({ layer: "bg", reason: "does not link" });
    await settle();
    expect(show.activate(2, moment(5))).toBe(false);
    expect(log.at(-1)).toBe("failed 2 bg does not link");
    expect(show.current?.seq).toBe(1);
    expect(show.next?.status).toBe("failed");
  });

  it("gives a reason even for an error nobody foresaw", async () => {
    show.prepare(prepared(1));
    await settle();
    b.last.fail(new Error("boom"));
    await settle();
    expect(log).toEqual(["failed 1 fg failed: boom"]);
  });

  it("lets a newer pick take the place of one that is still loading", async () => {
    show.prepare(prepared(1));
    await settle();
    const first = b.last;
    show.prepare(prepared(2));
    expect(first.signal.aborted).toBe(true);
    first.fail(new Error("aborted"));
    await settle();
    b.last.finish();
    await settle();
    expect(log).toEqual(["prepared 2 0"]);
    expect(show.activate(1, moment(0))).toBe(false);
  });

  it("never has two loads in one deck at a time", async () => {
    show.prepare(prepared(1));
    show.prepare(prepared(2));
    show.prepare(prepared(3));
    await settle();
    expect(b.loads.map(({ pick }) => pick.seq)).toEqual([3]);
  });

  it("forgets a cancelled pick, but not one on air", async () => {
    await loaded(1, b);
    show.cancel(1);
    expect(show.activate(1, moment(0))).toBe(false);
    await loaded(2, b);
    show.activate(2, moment(0));
    show.cancel(2);
    expect(show.current?.seq).toBe(2);
  });

  it("adopts what the daemon has on screen, then loads what comes next", async () => {
    show.adopt(prepared(7));
    show.prepare(prepared(8));
    await settle();
    expect(b.last.pick.seq).toBe(7);
    b.last.finish();
    await settle();
    expect(show.current?.seq).toBe(7);
    expect(a.last.pick.seq).toBe(8);
  });

  it("does not load again what it already shows", async () => {
    show.adopt(prepared(7));
    await settle();
    b.last.finish();
    await settle();
    show.adopt(prepared(7));
    show.prepare(prepared(7));
    await settle();
    expect([a.loads.length, b.loads.length]).toEqual([0, 1]);
  });

  it("goes on to the following pick when a due one fails at last", async () => {
    show.prepare(prepared(1));
    await settle();
    show.activate(1, moment(0));
    show.prepare(prepared(2));
    b.last.fail({ layer: "fg", reason: "gone" });
    await settle();
    expect(b.last.pick.seq).toBe(2);
  });

  it("gives up a due but loading pick when its follower is due too", async () => {
    show.prepare(prepared(1));
    await settle();
    show.activate(1, moment(0));
    show.prepare(prepared(2));
    const first = b.last;
    expect(show.activate(2, moment(100))).toBe(true);
    expect(first.signal.aborted).toBe(true);
    first.fail(new Error("aborted"));
    await settle();
    b.last.finish();
    await settle();
    expect(log).toEqual(["prepared 2 0", "air 2 b after nothing"]);
  });

  it("starts afresh with the numbers of a new session", async () => {
    await loaded(5, b);
    show.activate(5, moment(0));
    show.forgetStandby();
    show.adopt(prepared(5, { fgUrl: "/presets/other.json" }));
    await settle();
    expect(a.last.pick.fgUrl).toBe("/presets/other.json");
  });
});
