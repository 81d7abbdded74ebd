/** Messages as the daemon sends them. */

import type { DaemonState, Hello, PickRecord, PreparedPick } from "../src/client/messages.js";

export function state(changes: Partial<DaemonState> = {}): DaemonState {
  return {
    version: "0.1.0",
    session: "s1",
    sample: 0,
    atMs: 0,
    hold: false,
    blackout: false,
    mode: "weighted",
    kind: "pair",
    pack: "demo",
    packs: ["demo"],
    energyBias: 0,
    sensitivityDb: 0,
    beatSource: "audio",
    rig: {},
    pinned: null,
    banned: [],
    quarantined: [],
    now: null,
    next: null,
    input: { name: "demo", state: "live", rate: 48000, message: "" },
    recording: { on: false, dir: "", message: "" },
    clients: { stage: 1, control: 0, monitor: 0 },
    warnings: [],
    ...changes,
  };
}

export function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocol: "aivj.v1",
    version: "0.1.0",
    session: "s1",
    rate: 48000,
    hop: 256,
    nowMs: 500_000,
    state: state(),
    picks: [],
    current: null,
    next: null,
    vocabulary: [],
    ...changes,
  };
}

export function prepared(seq: number, changes: Partial<PreparedPick> = {}): PreparedPick {
  return {
    seq,
    kind: "pair",
    pack: "demo",
    pair: seq,
    presetIds: [`coupled:demo:${seq}:fg`, `coupled:demo:${seq}:bg`],
    fgUrl: `/presets/demo/fg/${seq}.json`,
    bgUrl: `/presets/demo/bg/${seq}.json`,
    activateSample: 0,
    activateAtMs: 0,
    fadeSec: 1,
    ...changes,
  };
}

export function record(seq: number, changes: Partial<PickRecord> = {}): PickRecord {
  return {
    ...prepared(seq),
    reason: "phrase",
    sample: 0,
    timeSec: 0,
    ...changes,
  };
}

/** A binary audio frame, written field by field from the table in docs/wire-protocol.md. */
export function audioFrame(
  options: { width?: number; bands?: number; version?: number; kind?: number; magic?: string } = {},
): ArrayBuffer {
  const { width = 1024, bands = 64, version = 1, kind = 1, magic = "AIVJ" } = options;
  const buffer = new ArrayBuffer(32 + 2 * width + bands);
  const view = new DataView(buffer);
  for (let i = 0; i < 4; i++) view.setUint8(i, magic.charCodeAt(i));
  view.setUint8(4, version);
  view.setUint8(5, kind);
  view.setUint16(6, bands, true);
  view.setUint32(8, width, true);
  view.setFloat32(12, 2, true);
  view.setBigUint64(16, 12_345_678_901n, true);
  view.setFloat64(24, 500_123.5, true);
  const bytes = new Uint8Array(buffer);
  bytes.fill(100, 32, 32 + width);
  bytes.fill(200, 32 + width, 32 + 2 * width);
  for (let i = 0; i < bands; i++) bytes[32 + 2 * width + i] = i;
  return buffer;
}
