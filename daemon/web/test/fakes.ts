/** A page without a browser: a clock that only moves when told, and sockets in the test's hand. */

import type { ClientMessage, ServerMessage } from "../src/client/messages.js";
import type { Runtime, SocketLike } from "../src/client/runtime.js";

type SentMessage = ClientMessage & Record<string, unknown>;

export class FakeSocket implements SocketLike {
  binaryType = "blob";
  readyState = 0;
  protocol = "aivj.v1";
  onopen: ((event: unknown) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: SentMessage[] = [];
  closedWith: number | null = null;
  private n = 0;

  constructor(
    readonly url: string,
    readonly subprotocol: string,
    private readonly onSend: (socket: FakeSocket, message: SentMessage) => void,
  ) {}

  send(data: string): void {
    const message = JSON.parse(data) as SentMessage;
    this.sent.push(message);
    this.onSend(this, message);
  }

  close(code = 1000): void {
    this.closedWith = code;
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.({});
  }

  /** An ordered message, numbered as the daemon numbers them. */
  deliver(message: ServerMessage): void {
    this.n += 1;
    this.raw(JSON.stringify({ ...message, n: this.n }));
  }

  /** Lose one numbered message on the way. */
  swallow(): void {
    this.n += 1;
  }

  /** An unnumbered (latest-wins) message, or rubbish. */
  raw(data: unknown): void {
    this.onmessage?.({ data });
  }

  drop(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  ofType(type: string): SentMessage[] {
    return this.sent.filter((message) => message.type === type);
  }
}

interface Timer {
  at: number;
  callback: () => void;
}

export class FakeRuntime implements Runtime {
  timeMs = 1000;
  readonly sockets: FakeSocket[] = [];
  onSend: (socket: FakeSocket, message: SentMessage) => void = () => undefined;
  private readonly timers = new Set<Timer>();

  now(): number {
    return this.timeMs;
  }

  random(): number {
    return 1;
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = { at: this.timeMs + delayMs, callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.timers.delete(timer as Timer);
  }

  openSocket(url: string, subprotocol: string): SocketLike {
    const socket = new FakeSocket(url, subprotocol, (s, m) => this.onSend(s, m));
    this.sockets.push(socket);
    return socket;
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  }

  /** Let time pass; timers fire in order, each at its own moment. */
  advance(ms: number): void {
    const end = this.timeMs + ms;
    for (;;) {
      let first: Timer | null = null;
      for (const timer of this.timers) if (timer.at <= end && (first === null || timer.at < first.at)) first = timer;
      if (first === null) break;
      this.timers.delete(first);
      this.timeMs = Math.max(this.timeMs, first.at);
      first.callback();
    }
    this.timeMs = end;
  }
}
