/** aivjd-client: connect to the daemon from any page. No dependency. */

export { decodeAudioFrame } from "./audio-frame.js";
export type { AudioFrame } from "./audio-frame.js";
export { AivjClient, defaultUrl, tokenOf } from "./client.js";
export type { Activation, ClientEvents, ClientOptions } from "./client.js";
export { ClockSync } from "./clock.js";
export type { Backoff, Phase } from "./connection.js";
export * from "./messages.js";
export type { Runtime, SocketLike } from "./runtime.js";
export { PickSchedule } from "./schedule.js";
export type { Due } from "./schedule.js";
