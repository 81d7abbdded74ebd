import { describe, expect, it, vi } from "vitest";
import { AivjClient, defaultUrl } from "../src/client/client.js";
import type { Activation, ClientOptions } from "../src/client/client.js";
import { FakeRuntime } from "./fakes.js";
import { audioFrame, hello, prepared, record, state } from "./samples.js";

const SERVER_AHEAD_MS = 499_000;

function setUp(options: Partial<ClientOptions> = {}) {
  const runtime = new FakeRuntime();
  const client = new AivjClient({ role: "control", name: "test", url: "ws://x/ws", token: "secret", runtime, ...options });
  const errors: string[] = [];
  client.on("error", (message) => errors.push(message));
  client.connect();
  const greet = (changes = {}) => {
    runtime.socket.accept();
    runtime.socket.deliver(hello({ nowMs: runtime.timeMs + SERVER_AHEAD_MS, ...changes }));
  };
  return { runtime, client, errors, greet };
}

describe("saying hello", () => {
  it("offers the subprotocol, its role and its token", () => {
    const { runtime, greet } = setUp({ audio: true, snapshotHz: 20 });
    greet();
    expect(runtime.socket.subprotocol).toBe("aivj.v1");
    expect(runtime.socket.sent[0]).toEqual({
      type: "hello",
      role: "control",
      name: "test",
      lastSeq: 0,
      session: "",
      snapshotHz: 20,
      audio: true,
      token: "secret",
    });
  });

  it("carries the token of the page into the address", () => {
    expect(defaultUrl({ protocol: "http:", host: "h:1", search: "?token=a%2Bb&x=1" })).toBe("ws://h:1/ws?token=a%2Bb");
    expect(defaultUrl({ protocol: "https:", host: "h", search: "" })).toBe("wss://h/ws");
  });

  it("gives up on a daemon that accepts but never says hello", () => {
    const { runtime, client } = setUp();
    runtime.socket.accept();
    runtime.advance(10_500);
    expect(client.connected).toBe(false);
    expect(runtime.sockets.length).toBe(2);
  });
});

describe("coming back", () => {
  it("waits longer each time while the daemon is away, up to the limit", () => {
    const { runtime } = setUp({ backoff: { firstMs: 100, factor: 2, maxMs: 350 } });
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      const before = runtime.timeMs;
      const count = runtime.sockets.length;
      runtime.socket.drop();
      while (runtime.sockets.length === count) runtime.advance(1);
      waits.push(runtime.timeMs - before);
    }
    expect(waits).toEqual([100, 200, 350, 350]);
  });

  it("resumes the session after the last pick it saw", () => {
    const { runtime, greet } = setUp();
    greet({ picks: [record(3)] });
    runtime.socket.deliver({ type: "pick", record: record(4) });
    runtime.socket.drop();
    runtime.advance(1000);
    runtime.socket.accept();
    expect(runtime.socket.sent[0]).toMatchObject({ type: "hello", lastSeq: 4, session: "s1" });
  });

  it("hands on the picks that were missed, and says whether the session is the same", () => {
    const { runtime, client, greet } = setUp();
    const seen: number[] = [];
    const resumed: boolean[] = [];
    client.on("pick", (pick) => seen.push(pick.seq));
    client.on("hello", (event) => resumed.push(event.resumed));
    greet({ picks: [record(1)] });
    runtime.socket.drop();
    runtime.advance(1000);
    greet({ picks: [record(2), record(3)] });
    runtime.socket.drop();
    runtime.advance(1000);
    greet({ session: "s2", picks: [] });
    expect(seen).toEqual([1, 2, 3]);
    expect(resumed).toEqual([false, true, false]);
    expect(client.lastSeq).toBe(0);
  });

  it("comes back when a numbered frame is missing", () => {
    const { runtime, client, errors, greet } = setUp();
    greet();
    runtime.socket.swallow();
    runtime.socket.deliver({ type: "pick", record: record(2) });
    expect(client.lastSeq).toBe(0);
    expect(errors).toEqual(["frame 3 came where 2 was due"]);
    runtime.advance(500);
    expect(runtime.sockets.length).toBe(2);
  });

  it("takes silence for death", () => {
    const { runtime, client, greet } = setUp();
    greet();
    runtime.advance(14_000);
    expect(client.connected).toBe(true);
    runtime.advance(1500);
    expect(client.connected).toBe(false);
  });

  it("pays no attention to a socket it has left", () => {
    const { runtime, client, greet } = setUp();
    greet();
    const old = runtime.socket;
    old.drop();
    runtime.advance(1000);
    old.raw(JSON.stringify({ type: "pick", record: record(9) }));
    old.drop();
    expect(client.lastSeq).toBe(0);
    expect(runtime.sockets.length).toBe(2);
  });

  it("stays away after close", () => {
    const { runtime, client, greet } = setUp();
    greet();
    client.close();
    runtime.advance(60_000);
    expect(runtime.sockets.length).toBe(1);
  });
});

describe("frames that cannot be used", () => {
  it.each([["not json"], ["[]"], ["null"], ['{"no":"type"}']])("survives %s", (frame) => {
    const { runtime, client, errors, greet } = setUp();
    greet();
    runtime.socket.raw(frame);
    expect(errors).toHaveLength(1);
    expect(client.connected).toBe(true);
  });

  it("ignores a type it does not know", () => {
    const { runtime, errors, greet } = setUp();
    greet();
    runtime.socket.raw('{"type":"novelty"}');
    expect(errors).toEqual([]);
  });

  it("reports a broken audio frame and goes on with the next", () => {
    const { runtime, client, errors, greet } = setUp();
    const frames: number[] = [];
    client.on("audio", (frame) => frames.push(frame.sample));
    greet();
    runtime.socket.raw(new ArrayBuffer(3));
    runtime.socket.raw(audioFrame());
    expect(errors).toHaveLength(1);
    expect(frames).toEqual([12_345_678_901]);
  });

  it("keeps the other listeners going when one throws", () => {
    const { runtime, client, greet } = setUp();
    const seen: unknown[] = [];
    const log = vi.spyOn(console, "error").mockReturnValue();
    client.on("state", () => {
      throw new Error("listener");
    });
    client.on("state", (value) => seen.push(value.mode));
    greet();
    runtime.socket.deliver({ type: "state", ...state({ mode: "shuffle" }) });
    expect(seen).toEqual(["weighted", "shuffle"]);
    expect(log).toHaveBeenCalledTimes(2);
    log.mockRestore();
  });
});

describe("the clock", () => {
  it("learns the offset from a burst of pings, not from the slow ones", () => {
    const { runtime, client, greet } = setUp();
    let count = 0;
    runtime.onSend = (socket, message) => {
      if (message.type !== "ping") return;
      const sent = runtime.timeMs;
      const back = count++ % 2 === 0 ? 3 : 55;
      const nowMs = sent + 3 + 498_900;
      runtime.setTimer(() => socket.deliver({ type: "pong", t: message.t, nowMs }), 3 + back);
    };
    greet();
    runtime.advance(20_000);
    expect(count).toBeGreaterThanOrEqual(8);
    expect(client.clock.offsetMs).toBeCloseTo(498_900, 0);
  });
});

describe("activation", () => {
  function due(options: { leadMs: number; connectFirst?: boolean }) {
    const { runtime, client, greet } = setUp({ role: "stage" });
    const shown: (Activation & { calledAt: number })[] = [];
    client.on("activate", (event) => shown.push({ ...event, calledAt: runtime.timeMs }));
    greet();
    const atMs = runtime.timeMs + SERVER_AHEAD_MS + options.leadMs;
    runtime.socket.deliver({ type: "prepare", ...prepared(1, { activateAtMs: atMs }) });
    return { runtime, client, shown, atMs };
  }

  const activation = (seq: number, atMs: number) =>
    ({ type: "activate", seq, sample: 0, atMs, beatCount: 0, barCount: 0, fadeSec: 1 }) as const;

  it("comes at the daemon's moment in page time", () => {
    const { runtime, shown, atMs } = due({ leadMs: 2000 });
    const wanted = runtime.timeMs + 2150;
    runtime.advance(1850);
    runtime.socket.deliver(activation(1, atMs + 150));
    runtime.advance(299);
    expect(shown).toEqual([]);
    runtime.advance(1);
    expect(shown.map((event) => [event.pick.seq, event.calledAt, event.lateMs])).toEqual([[1, wanted, 0]]);
  });

  it("comes at once, with its lateness, when the message was late", () => {
    const { runtime, shown, atMs } = due({ leadMs: 100 });
    runtime.advance(400);
    runtime.socket.deliver(activation(1, atMs));
    runtime.advance(0);
    expect(shown.map((event) => event.lateMs)).toEqual([300]);
  });

  it("does not come after a cancel", () => {
    const { runtime, shown, atMs } = due({ leadMs: 100 });
    runtime.socket.deliver(activation(1, atMs));
    runtime.socket.deliver({ type: "cancel", seq: 1, reason: "hold" });
    runtime.advance(1000);
    expect(shown).toEqual([]);
  });

  it("can be asked for by a frame loop, ahead of the timer", () => {
    const { runtime, client, shown, atMs } = due({ leadMs: 100 });
    runtime.socket.deliver(activation(1, atMs));
    runtime.advance(95);
    client.poll(runtime.timeMs + 8);
    expect(shown).toHaveLength(1);
    runtime.advance(100);
    expect(shown).toHaveLength(1);
  });

  it("is taken up again from hello.next after a lost connection", () => {
    const { runtime, client, shown } = due({ leadMs: 5000 });
    const prepares: number[] = [];
    client.on("prepare", (pick) => prepares.push(pick.seq));
    runtime.socket.drop();
    runtime.advance(1000);
    runtime.socket.accept();
    const nowMs = runtime.timeMs + SERVER_AHEAD_MS;
    runtime.socket.deliver(hello({ nowMs, next: prepared(2) }));
    runtime.socket.deliver(activation(2, nowMs + 50));
    runtime.advance(50);
    expect(prepares).toEqual([2]);
    expect(shown.map((event) => event.pick.seq)).toEqual([2]);
  });

  it("of an unknown pick is an error, not a crash", () => {
    const { runtime, errors, greet } = setUp({ role: "stage" });
    greet();
    runtime.socket.deliver(activation(8, 0));
    expect(errors).toEqual(["pick 8 is to be shown, but was never prepared here"]);
  });
});

describe("acks and reports", () => {
  it("say what the book asks for", () => {
    const { runtime, client, greet } = setUp({ role: "stage" });
    greet();
    client.ackPrepared(1, 312);
    client.ackShown(1, 4);
    client.ackFailed(2, "shader does not link", "bg");
    client.report({ fps: 60, luma01: 0.4, motion01: 0.02 });
    expect(runtime.socket.sent.filter((m) => m.type === "ack" || m.type === "report")).toEqual([
      { type: "ack", seq: 1, phase: "prepared", ms: 312 },
      { type: "ack", seq: 1, phase: "shown", lateMs: 4 },
      { type: "ack", seq: 2, phase: "failed", reason: "shader does not link", layer: "bg" },
      { type: "report", fps: 60, luma01: 0.4, motion01: 0.02 },
    ]);
  });

  it("keep a reason within what the daemon accepts", () => {
    const { runtime, client, greet } = setUp({ role: "stage" });
    greet();
    client.ackFailed(1, "x".repeat(2000));
    expect(runtime.socket.ofType("ack")[0]?.["reason"]).toHaveLength(512);
  });

  it("are not sent, nor kept for later, without a connection", () => {
    const { runtime, client, greet } = setUp({ role: "stage" });
    expect(client.ackShown(1, 0)).toBe(false);
    greet();
    expect(runtime.socket.ofType("ack")).toEqual([]);
  });
});

describe("commands", () => {
  it("resolve with the daemon's answer to that very command", async () => {
    const { runtime, client, greet } = setUp();
    greet();
    const first = client.command("next");
    const second = client.command("sensitivity", 3.5);
    const [a, b] = runtime.socket.ofType("command");
    expect(a).toEqual({ type: "command", verb: "next", id: a?.["id"] });
    expect(b).toMatchObject({ verb: "sensitivity", arg: 3.5 });
    runtime.socket.deliver({ type: "reply", id: String(b?.["id"]), ok: false, message: "out of range" });
    runtime.socket.deliver({ type: "reply", id: String(a?.["id"]), ok: true, message: "" });
    expect((await first).ok).toBe(true);
    expect(await second).toMatchObject({ ok: false, message: "out of range" });
  });

  it("fail at once without a connection, and when it is lost", async () => {
    const { runtime, client, greet } = setUp();
    await expect(client.command("next")).rejects.toThrow("not connected");
    greet();
    const pending = client.command("next");
    runtime.socket.drop();
    await expect(pending).rejects.toThrow("lost");
  });

  it("fail when nobody answers", async () => {
    const { runtime, client, greet } = setUp();
    greet();
    runtime.onSend = (socket, message) => {
      if (message.type === "ping") socket.deliver({ type: "pong", t: message["t"], nowMs: 0 });
    };
    const pending = client.command("hold", true);
    const outcome = expect(pending).rejects.toThrow("no answer");
    runtime.advance(5000);
    await outcome;
  });
});
