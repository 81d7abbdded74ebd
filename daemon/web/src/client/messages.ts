/**
 * The messages of subprotocol `aivj.v1`, as docs/wire-protocol.md defines them.
 *
 * Times named `...Ms` are milliseconds of the daemon's monotonic clock; `sample` is the index of an
 * audio sample in the session; `...01` lies in [0, 1].
 */

export const SUBPROTOCOL = "aivj.v1";

export type Role = "stage" | "control" | "monitor";
export type PickKind = "pair" | "preset";
export type Layer = "fg" | "bg";
export type AudioState = "noInput" | "stalled" | "silent" | "live";
export type BeatSource = "audio" | "link" | "midi" | "os2l" | "tap" | "coast" | "internal";
export type Section = "silence" | "calm" | "groove" | "build" | "drop" | "peak" | "breakdown";

/** What the room sounds like at `atMs` (latest wins). */
export interface Snapshot {
  type: "snapshot";
  atMs: number;
  tSamples: number;
  timeSec: number;
  audioState: AudioState;
  audioValid: boolean;
  beatTrusted: boolean;
  barTrusted: boolean;
  energy01: number;
  energySlow01: number;
  bass01: number;
  flux01: number;
  beatPulse01: number;
  accent01: number;
  onsetRate2s: number;
  gateBoost: number;
  rms01: number;
  loudnessDb: number;
  peakDb: number;
  noiseFloorDb: number;
  gainDb: number;
  kick01: number;
  clap01: number;
  hihat01: number;
  mid01: number;
  high01: number;
  centroid01: number;
  tempoBpm: number;
  beatPhase01: number;
  beatCount: number;
  barPhase01: number;
  barBeat: number;
  barCount: number;
  beatConfidence01: number;
  tempoStability01: number;
  beatSource: BeatSource;
  section: Section;
  sectionIntensity01: number;
  buildup01: number;
  onsetCount: number;
}

export interface Onset {
  type: "onset";
  sample: number;
  atMs: number;
  kind: "kick" | "clap" | "hihat" | "other";
  strength01: number;
  count: number;
}

/** A beat of the predicted grid, announced ahead of `atMs`. */
export interface Beat {
  type: "beat";
  sample: number;
  atMs: number;
  count: number;
  barBeat: number;
  barCount: number;
  tempoBpm: number;
  trusted: boolean;
  downbeat: boolean;
  source: BeatSource;
}

export interface SectionChange {
  type: "section";
  sample: number;
  atMs: number;
  section: Section;
  previous: Section;
}

/** What is to be shown next; `hello` uses the same shape for what is on screen. */
export interface PreparedPick {
  seq: number;
  kind: PickKind;
  pack: string;
  pair: number | string | null;
  presetIds: string[];
  fgUrl: string;
  bgUrl: string | null;
  activateSample: number;
  activateAtMs: number;
  fadeSec: number;
}

export interface Prepare extends PreparedPick {
  type: "prepare";
}

export interface Activate {
  type: "activate";
  seq: number;
  sample: number;
  atMs: number;
  beatCount: number;
  barCount: number;
  fadeSec: number;
}

export interface Cancel {
  type: "cancel";
  seq: number;
  reason: string;
}

export interface RunnerUp {
  id: string | number;
  weight: number;
  factors?: Record<string, number>;
}

/** A pick record, as it stands in `picks.jsonl`. Only what the pages read is named here. */
export interface PickRecord {
  seq: number;
  kind: PickKind;
  mode?: string;
  requestedMode?: string;
  reason: string;
  /** Why a change was due, also where `reason` is `pinned` or a fallback. */
  trigger?: string;
  sample: number;
  timeSec: number;
  beatCount?: number;
  barCount?: number;
  section?: Section;
  intensity01?: number;
  pack: string;
  pair?: number | string | null;
  presetId?: string | null;
  presetIds: string[];
  fgUrl: string;
  bgUrl: string | null;
  quality01?: number | null;
  factors?: Record<string, number>;
  weight?: number;
  totalWeight?: number;
  probability?: number;
  candidates?: number;
  runnersUp?: RunnerUp[];
  activateSample?: number;
  [field: string]: unknown;
}

/** What became of a pick. */
export interface OutcomeRecord {
  seq: number;
  outcome: "activated" | "prepared" | "shown" | "failed" | "late" | "skipped" | "quarantined";
  sample?: number;
  ms?: number;
  lateMs?: number;
  reason?: string;
  client?: string;
  [field: string]: unknown;
}

/** The whole state of the daemon, sent each time it changes. */
export interface DaemonState {
  version: string;
  session: string;
  sample: number;
  atMs: number;
  hold: boolean;
  blackout: boolean;
  mode: string;
  kind: PickKind;
  pack: string;
  packs: string[];
  energyBias: number;
  sensitivityDb: number;
  beatSource: BeatSource;
  /** How each clock and light that is configured is, in words. */
  rig: Record<string, string>;
  pinned: string | number | null;
  banned: (string | number)[];
  quarantined: { id: string; reason: string; untilSample: number }[];
  now: { seq: number } | null;
  next: { seq: number; activateAtMs: number } | null;
  input: { name: string; state: AudioState; rate: number; message: string };
  /** `flightSec`: how much of the last minutes `save` would write; `saved`: where it last wrote them. */
  recording: { on: boolean; dir: string; message: string; flightSec?: number; saved?: string };
  clients: { stage?: number; control?: number; monitor?: number };
  warnings: string[];
  [field: string]: unknown;
}

export interface StateMessage extends DaemonState {
  type: "state";
}

/** One row of the operator's vocabulary: a verb and what its argument may be. */
export interface Verb {
  name: string;
  arg: "trigger" | "bool" | "float" | "choice" | "text" | "id" | "optionalId";
  /** What it does, as a sentence. */
  what: string;
  unit?: string;
  /** Bounds of a float. */
  low?: number;
  high?: number;
  choices?: string[];
}

export interface Hello {
  type: "hello";
  protocol: string;
  version: string;
  session: string;
  rate: number;
  hop: number;
  nowMs: number;
  state: DaemonState;
  picks: PickRecord[];
  /** The last outcomes, so that a page opened late knows how the picks above went. */
  outcomes?: OutcomeRecord[];
  current: PreparedPick | null;
  next: PreparedPick | null;
  vocabulary: Verb[];
}

export interface Reply {
  type: "reply";
  id: string | number;
  ok: boolean;
  message: string;
}

export interface Pong {
  type: "pong";
  t: unknown;
  nowMs: number;
}

export interface ErrorMessage {
  type: "error";
  message: string;
}

export type PickMessage = { type: "pick"; record: PickRecord };
export type OutcomeMessage = { type: "outcome"; record: OutcomeRecord };

export type ServerMessage = { n?: number } & (
  | Hello
  | Snapshot
  | Onset
  | Beat
  | SectionChange
  | Prepare
  | Activate
  | Cancel
  | PickMessage
  | OutcomeMessage
  | StateMessage
  | Reply
  | Pong
  | ErrorMessage
);

export interface ClientHello {
  type: "hello";
  role: Role;
  name: string;
  lastSeq: number;
  session: string;
  snapshotHz: number;
  audio: boolean;
  token: string;
}

export interface Ack {
  type: "ack";
  seq: number;
  phase: "prepared" | "shown" | "failed";
  ms?: number;
  lateMs?: number;
  reason?: string;
  layer?: Layer;
}

export interface Report {
  type: "report";
  fps?: number;
  luma01?: number;
  motion01?: number;
  dropped?: number;
}

export type CommandArgument = number | string | boolean;

export interface Command {
  type: "command";
  verb: string;
  arg?: CommandArgument;
  id?: string;
}

export type ClientMessage = ClientHello | { type: "ping"; t: number } | Ack | Report | Command;

/**
 * Read one text frame.
 *
 * @throws Error when it is not a JSON object with a `type`.
 */
export function parseServerMessage(text: string): ServerMessage {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || typeof (value as { type?: unknown }).type !== "string") {
    throw new Error("the daemon sent a frame that is not an object with a type");
  }
  return value as ServerMessage;
}
