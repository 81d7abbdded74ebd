/**
 * A socket that comes back. Says hello, counts the numbered frames, and reconnects with back-off;
 * what the messages mean is the business of `client.ts`.
 */

import { parseServerMessage, SUBPROTOCOL } from "./messages.js";
import type { ClientHello, ClientMessage, ServerMessage } from "./messages.js";
import { SOCKET_OPEN } from "./runtime.js";
import type { Runtime, SocketLike } from "./runtime.js";

export interface Backoff {
  firstMs: number;
  factor: number;
  maxMs: number;
}

export const DEFAULT_BACKOFF: Backoff = { firstMs: 250, factor: 1.8, maxMs: 8000 };
/** A socket that stays silent for so long is dead, whatever the operating system thinks of it. */
const SILENCE_MS = 15_000;
const HELLO_WITHIN_MS = 10_000;
const HEALTHY_AFTER_MS = 5000;
/** Close code of a refused token or origin: trying again without a change is useless but harmless. */
const POLICY_VIOLATION = 1008;

export type Phase = "idle" | "connecting" | "greeting" | "open" | "waiting" | "closed";

export interface ConnectionHandlers {
  hello(): ClientHello;
  message(message: ServerMessage): void;
  binary(data: ArrayBuffer): void;
  phase(phase: Phase, detail: string): void;
  fault(message: string): void;
}

export class Connection {
  phase: Phase = "idle";
  /** Connections made so far that reached `hello`. */
  opened = 0;
  private socket: SocketLike | null = null;
  private attempt = 0;
  private openedAtMs = Number.POSITIVE_INFINITY;
  private expectedN = 1;
  private retryTimer: unknown = null;
  private watchTimer: unknown = null;

  constructor(
    private readonly url: string,
    private readonly runtime: Runtime,
    private readonly handlers: ConnectionHandlers,
    private readonly backoff: Backoff = DEFAULT_BACKOFF,
  ) {}

  open(): void {
    if (this.phase !== "idle" && this.phase !== "waiting" && this.phase !== "closed") return;
    this.clearTimers();
    this.enter("connecting", "");
    this.expectedN = 1;
    let socket: SocketLike;
    try {
      socket = this.runtime.openSocket(this.url, SUBPROTOCOL);
    } catch (error) {
      this.handlers.fault(`cannot open ${this.url}: ${String(error)}`);
      this.retry("cannot open");
      return;
    }
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.watch(HELLO_WITHIN_MS);
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.enter("greeting", "");
      socket.send(JSON.stringify(this.handlers.hello()));
    };
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code, event.reason);
    };
    socket.onerror = () => undefined; // a close always follows, with the code
  }

  /** Close for good. */
  close(): void {
    this.clearTimers();
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000, "bye");
    this.enter("closed", "");
  }

  /** @returns false when there is no open connection; nothing is queued for later. */
  send(message: ClientMessage): boolean {
    if (this.phase !== "open" || this.socket?.readyState !== SOCKET_OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Drop this connection and come back; the daemon sends again what was missed. */
  resync(why: string): void {
    this.handlers.fault(why);
    this.socket?.close(4000, "resync");
    this.lost(4000, "resync");
  }

  private receive(data: unknown): void {
    this.watch(this.phase === "open" ? SILENCE_MS : HELLO_WITHIN_MS);
    if (data instanceof ArrayBuffer) {
      if (this.phase === "open") this.handlers.binary(data);
      return;
    }
    let message: ServerMessage;
    try {
      message = parseServerMessage(String(data));
    } catch (error) {
      this.handlers.fault(`unreadable frame: ${String(error)}`);
      return;
    }
    if (message.n !== undefined) {
      if (message.n !== this.expectedN) {
        this.resync(`frame ${message.n} came where ${this.expectedN} was due`);
        return;
      }
      this.expectedN += 1;
    }
    if (message.type === "hello") {
      if (message.protocol !== SUBPROTOCOL) {
        this.handlers.fault(`the daemon speaks ${message.protocol}, this page ${SUBPROTOCOL}; reload the page`);
      }
      this.opened += 1;
      this.openedAtMs = this.runtime.now();
      this.enter("open", "");
      this.watch(SILENCE_MS);
    }
    this.handlers.message(message);
  }

  private lost(code: number, reason: string): void {
    this.socket = null;
    if (this.phase === "closed") return;
    if (code === POLICY_VIOLATION) this.handlers.fault(`the daemon closed the connection: ${reason || "refused"}`);
    this.retry(`${code}${reason ? ` ${reason}` : ""}`);
  }

  private retry(detail: string): void {
    this.clearTimers();
    // Only a connection that held shows that the trouble is over.
    if (this.runtime.now() - this.openedAtMs > HEALTHY_AFTER_MS) this.attempt = 0;
    this.openedAtMs = Number.POSITIVE_INFINITY;
    const ceiling = Math.min(this.backoff.maxMs, this.backoff.firstMs * this.backoff.factor ** this.attempt);
    this.attempt += 1;
    this.enter("waiting", detail);
    this.retryTimer = this.runtime.setTimer(() => this.open(), ceiling * (0.5 + 0.5 * this.runtime.random()));
  }

  private watch(withinMs: number): void {
    if (this.watchTimer !== null) this.runtime.clearTimer(this.watchTimer);
    this.watchTimer = this.runtime.setTimer(() => {
      this.watchTimer = null;
      this.socket?.close(4001, "silent");
      this.lost(4001, `nothing heard for ${withinMs / 1000} s`);
    }, withinMs);
  }

  private clearTimers(): void {
    for (const timer of [this.retryTimer, this.watchTimer]) if (timer !== null) this.runtime.clearTimer(timer);
    this.retryTimer = null;
    this.watchTimer = null;
  }

  private enter(phase: Phase, detail: string): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.handlers.phase(phase, detail);
  }
}
