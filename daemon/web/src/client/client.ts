/**
 * The one object a page talks to: follows the daemon, keeps its clock, schedules picks, sends acks,
 * reports and commands.
 *
 *     const client = new AivjClient({ role: "stage", name: "left wall", audio: true });
 *     client.on("prepare", (pick) => ...load it..., then client.ackPrepared(pick.seq, ms));
 *     client.on("activate", (due) => ...show it...);
 *     client.connect();
 */

import { decodeAudioFrame } from "./audio-frame.js";
import type { AudioFrame } from "./audio-frame.js";
import { ClockSync } from "./clock.js";
import { Connection, DEFAULT_BACKOFF } from "./connection.js";
import type { Backoff, Phase } from "./connection.js";
import { Emitter } from "./emitter.js";
import type {
  Ack,
  Beat,
  Cancel,
  CommandArgument,
  DaemonState,
  Hello,
  Layer,
  Onset,
  OutcomeRecord,
  PickRecord,
  PreparedPick,
  Reply,
  Report,
  Role,
  SectionChange,
  ServerMessage,
  Snapshot,
} from "./messages.js";
import { browserRuntime } from "./runtime.js";
import type { Runtime } from "./runtime.js";
import { PickSchedule } from "./schedule.js";
import type { Due } from "./schedule.js";

/** A pick whose moment has come. `lateMs` is how much too late this call is (page time). */
export interface Activation extends Due {
  atPageMs: number;
  lateMs: number;
}

export interface ClientEvents {
  phase: { phase: Phase; detail: string };
  hello: { hello: Hello; resumed: boolean };
  snapshot: Snapshot;
  audio: AudioFrame;
  onset: Onset;
  beat: Beat & { atPageMs: number };
  section: SectionChange;
  prepare: PreparedPick;
  activate: Activation;
  cancel: Cancel;
  pick: PickRecord;
  outcome: OutcomeRecord;
  state: DaemonState;
  /** Something went wrong, in a sentence: an error of the daemon or a fault of the connection. */
  error: string;
}

export interface ClientOptions {
  role: Role;
  name: string;
  /** Websocket address; `defaultUrl()` gives the one of this page. */
  url: string;
  token?: string;
  snapshotHz?: number;
  audio?: boolean;
  runtime?: Runtime;
  backoff?: Backoff;
}

const PING_BURST = 6;
const PING_BURST_EVERY_MS = 60;
const PING_EVERY_MS = 5000;
const COMMAND_TIMEOUT_MS = 5000;
/** The daemon closes the connection on a longer text. */
const LONGEST_REASON = 512;
/** Browsers clamp long timers and throttle hidden pages, so the wait is cut into pieces. */
const LONGEST_TIMER_MS = 1000;

/** The daemon's websocket as seen from a page it served, with the page's token. */
export function defaultUrl(location: { protocol: string; host: string; search: string }): string {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const token = tokenOf(location);
  return `${scheme}//${location.host}/ws${token === "" ? "" : `?token=${encodeURIComponent(token)}`}`;
}

/** The `?token=` of the page's address, or "". */
export function tokenOf(location: { search: string }): string {
  return new URLSearchParams(location.search).get("token") ?? "";
}

interface PendingCommand {
  resolve(reply: Reply): void;
  reject(error: Error): void;
  timer: unknown;
}

export class AivjClient {
  readonly clock = new ClockSync();
  readonly schedule = new PickSchedule();
  /** Id of the session followed; "" before the first hello. */
  session = "";
  /** Last pick seen, for resuming. */
  lastSeq = 0;
  hello: Hello | null = null;
  state: DaemonState | null = null;

  private readonly events = new Emitter<ClientEvents>();
  private readonly runtime: Runtime;
  private readonly connection: Connection;
  private readonly pending = new Map<string, PendingCommand>();
  private commandCount = 0;
  private pingTimer: unknown = null;
  private pingsSent = 0;
  private activationTimer: unknown = null;

  constructor(options: ClientOptions) {
    this.runtime = options.runtime ?? browserRuntime();
    this.connection = new Connection(
      options.url,
      this.runtime,
      {
        hello: () => ({
          type: "hello",
          role: options.role,
          name: options.name,
          lastSeq: this.lastSeq,
          session: this.session,
          snapshotHz: options.snapshotHz ?? 30,
          audio: options.audio ?? false,
          token: options.token ?? "",
        }),
        message: (message) => this.receive(message),
        binary: (data) => this.receiveAudio(data),
        phase: (phase, detail) => this.enter(phase, detail),
        fault: (message) => this.events.emit("error", message),
      },
      options.backoff ?? DEFAULT_BACKOFF,
    );
  }

  on<K extends keyof ClientEvents>(event: K, listener: (value: ClientEvents[K]) => void): () => void {
    return this.events.on(event, listener);
  }

  get connected(): boolean {
    return this.connection.phase === "open";
  }

  connect(): void {
    this.connection.open();
  }

  close(): void {
    this.connection.close();
    if (this.activationTimer !== null) this.runtime.clearTimer(this.activationTimer);
    this.activationTimer = null;
  }

  /** Page time, ms. */
  now(): number {
    return this.runtime.now();
  }

  ackPrepared(seq: number, ms: number): boolean {
    return this.ack({ type: "ack", seq, phase: "prepared", ms });
  }

  ackShown(seq: number, lateMs: number): boolean {
    return this.ack({ type: "ack", seq, phase: "shown", lateMs });
  }

  ackFailed(seq: number, reason: string, layer?: Layer): boolean {
    const told = reason.slice(0, LONGEST_REASON);
    return this.ack({ type: "ack", seq, phase: "failed", reason: told, ...(layer === undefined ? {} : { layer }) });
  }

  report(values: Omit<Report, "type">): boolean {
    return this.connection.send({ type: "report", ...values });
  }

  /**
   * Send a command.
   *
   * @returns the daemon's answer, whether it agreed (`ok`) or not; rejected when there is no
   *   connection, when it is lost, or when no answer comes within 5 s.
   */
  command(verb: string, arg?: CommandArgument): Promise<Reply> {
    const id = `c${++this.commandCount}`;
    return new Promise<Reply>((resolve, reject) => {
      const message = { type: "command" as const, verb, id, ...(arg === undefined ? {} : { arg }) };
      if (!this.connection.send(message)) {
        reject(new Error(`${verb}: not connected to the daemon`));
        return;
      }
      const timer = this.runtime.setTimer(() => {
        this.pending.delete(id);
        reject(new Error(`${verb}: no answer from the daemon within ${COMMAND_TIMEOUT_MS / 1000} s`));
      }, COMMAND_TIMEOUT_MS);
      this.pending.set(id, { resolve, reject, timer });
    });
  }

  /**
   * Emit the activations that are due at page time `nowMs`. A timer calls this as well; a page with
   * a frame loop calls it each frame, with the moment at which that frame will be seen.
   */
  poll(nowMs: number = this.runtime.now()): void {
    for (const due of this.schedule.take(this.clock.toServer(nowMs))) {
      const atPageMs = this.clock.toPage(due.atMs);
      this.events.emit("activate", { ...due, atPageMs, lateMs: Math.max(0, nowMs - atPageMs) });
    }
    this.armActivation();
  }

  private ack(message: Ack): boolean {
    return this.connection.send(message);
  }

  private receive(message: ServerMessage): void {
    switch (message.type) {
      case "hello":
        this.greeted(message);
        break;
      case "pong":
        if (typeof message.t === "number") this.clock.add(message.t, this.runtime.now(), message.nowMs);
        this.armActivation();
        break;
      case "snapshot":
        this.events.emit("snapshot", message);
        break;
      case "beat":
        this.events.emit("beat", { ...message, atPageMs: this.clock.toPage(message.atMs) });
        break;
      case "onset":
        this.events.emit("onset", message);
        break;
      case "section":
        this.events.emit("section", message);
        break;
      case "prepare":
        this.schedule.prepare(message);
        this.events.emit("prepare", message);
        break;
      case "activate":
        if (!this.schedule.activate(message)) {
          this.events.emit("error", `pick ${message.seq} is to be shown, but was never prepared here`);
        }
        this.armActivation();
        break;
      case "cancel":
        this.schedule.cancel(message.seq);
        this.armActivation();
        this.events.emit("cancel", message);
        break;
      case "pick":
        this.lastSeq = Math.max(this.lastSeq, message.record.seq);
        this.events.emit("pick", message.record);
        break;
      case "outcome":
        this.events.emit("outcome", message.record);
        break;
      case "state":
        this.state = message;
        this.events.emit("state", message);
        break;
      case "reply":
        this.answered(message);
        break;
      case "error":
        this.events.emit("error", message.message);
        break;
      default:
        break; // a newer daemon may say more; what is not understood changes nothing
    }
  }

  private greeted(hello: Hello): void {
    const resumed = this.session !== "" && this.session === hello.session;
    if (!resumed) {
      this.lastSeq = 0;
      this.clock.reset();
    }
    // What was prepared before the gap may have been cancelled or activated meanwhile.
    this.schedule.clear();
    this.session = hello.session;
    this.hello = hello;
    this.state = hello.state;
    this.clock.hint(hello.nowMs, this.runtime.now());
    for (const record of hello.picks) this.lastSeq = Math.max(this.lastSeq, record.seq);
    this.pingsSent = 0;
    this.ping();
    this.events.emit("hello", { hello, resumed });
    this.events.emit("state", hello.state);
    for (const record of hello.picks) this.events.emit("pick", record);
    if (hello.next !== null) {
      this.schedule.prepare(hello.next);
      this.events.emit("prepare", hello.next);
    }
  }

  private receiveAudio(data: ArrayBuffer): void {
    let frame: AudioFrame;
    try {
      frame = decodeAudioFrame(data);
    } catch (error) {
      this.events.emit("error", error instanceof Error ? error.message : String(error));
      return;
    }
    this.events.emit("audio", frame);
  }

  private answered(reply: Reply): void {
    const id = String(reply.id);
    const waiting = this.pending.get(id);
    if (waiting === undefined) return;
    this.pending.delete(id);
    this.runtime.clearTimer(waiting.timer);
    waiting.resolve(reply);
  }

  private enter(phase: Phase, detail: string): void {
    if (phase !== "open") {
      if (this.pingTimer !== null) this.runtime.clearTimer(this.pingTimer);
      this.pingTimer = null;
      for (const { reject, timer } of this.pending.values()) {
        this.runtime.clearTimer(timer);
        reject(new Error("the connection to the daemon was lost"));
      }
      this.pending.clear();
    }
    this.events.emit("phase", { phase, detail });
  }

  private ping(): void {
    this.connection.send({ type: "ping", t: this.runtime.now() });
    this.pingsSent += 1;
    const wait = this.pingsSent < PING_BURST ? PING_BURST_EVERY_MS : PING_EVERY_MS;
    this.pingTimer = this.runtime.setTimer(() => this.ping(), wait);
  }

  private armActivation(): void {
    if (this.activationTimer !== null) this.runtime.clearTimer(this.activationTimer);
    this.activationTimer = null;
    const atMs = this.schedule.nextAtMs;
    if (atMs === null) return;
    const wait = Math.max(0, this.clock.toPage(atMs) - this.runtime.now());
    this.activationTimer = this.runtime.setTimer(
      () => {
        this.activationTimer = null;
        this.poll();
      },
      Math.min(wait, LONGEST_TIMER_MS),
    );
  }
}
