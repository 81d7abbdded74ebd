/** What the client needs from its surroundings; tests bring their own. */

export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly protocol: string;
  onopen: ((event: unknown) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export const SOCKET_OPEN = 1;

export interface Runtime {
  /** Page time, ms, monotonic. */
  now(): number;
  /** In [0, 1): spreads reconnects, so that a room of browsers does not come back in one blow. */
  random(): number;
  setTimer(callback: () => void, delayMs: number): unknown;
  clearTimer(timer: unknown): void;
  openSocket(url: string, subprotocol: string): SocketLike;
}

export function browserRuntime(): Runtime {
  return {
    now: () => performance.now(),
    random: () => Math.random(),
    setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    openSocket: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as SocketLike,
  };
}
