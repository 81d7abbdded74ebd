/**
 * A daemon of cardboard for looking at the pages: serves dist/ under the real Content-Security-Policy
 * and speaks aivj.v1 with a synthetic 124 BPM track and presets from node_modules.
 *
 *     node test/mock-daemon.mjs [--port 8799] [--every SECONDS] [--faults]
 *
 * --faults mixes in picks that cannot be loaded: JavaScript equations, a shader that does not link,
 * a missing file. POST /mock/drop closes all sockets. Everything that pages send is on stdout.
 */

import { createServer } from "node:http";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { accept } from "./websocket-server.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const DIST = join(ROOT, "dist");
const PRESETS = join(ROOT, "node_modules/butterchurn-presets/presets/converted");
const argument = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const PORT = Number(argument("port", 8799));
const EVERY_SEC = Number(argument("every", 12));
const FAULTS = process.argv.includes("--faults");

const CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
  "connect-src 'self' ws: wss:; worker-src 'self'; font-src 'self'; frame-ancestors 'self'";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

const RATE = 48000;
const BPM = 124;
const BEAT_MS = 60000 / BPM;
const startMs = performance.now() - 600_000; // another origin than the page's clock
const nowMs = () => performance.now() - startMs;
const sampleAt = (ms) => Math.round((ms * RATE) / 1000);

/* ---- presets ---- */

const names = readdirSync(PRESETS).filter((name) => name.endsWith(".json")).sort();
const find = (part) => names.find((name) => name.includes(part)) ?? names[part.length];
const FOREGROUNDS = ["Geiss - Cauldron", "cope - the neverending explosion", "Flexi - mindblob", "Unchained - Lucid", "martin - castle in the air"].map(find);
const BACKGROUNDS = ["flexi + geiss - pogo", "Geiss - Reaction Diffusion", "martin - mandelbox", "Rovastar - Fractopia", "Zylot - Paint Spill"].map(find);
const url = (name) => `/presets/demo/${encodeURIComponent(name)}`;

function presetFile(name) {
  if (name === "faulty-script.json") {
    return JSON.stringify({ ...JSON.parse(readFileSync(join(PRESETS, FOREGROUNDS[0]))), frame_eqs_str: "fetch('/x')" });
  }
  if (name === "faulty-shader.json") {
    const preset = JSON.parse(readFileSync(join(PRESETS, FOREGROUNDS[0])));
    return JSON.stringify({ ...preset, comp: "shader_body { ret = nothing_like_this(uv); }" });
  }
  const path = join(PRESETS, name);
  return normalize(path).startsWith(PRESETS) && existsSync(path) ? readFileSync(path) : null;
}

/* ---- state ---- */

const session = `mock-${process.pid}`;
const clients = new Set();
const picks = [];
let seq = 0;
let current = null;
let next = null;
const state = {
  version: "0.1.0", session, sample: 0, atMs: 0, hold: false, blackout: false, mode: "weighted", kind: "pair",
  pack: "demo", packs: ["demo", "warehouse"], energyBias: 0, sensitivityDb: 0, pinned: null, banned: [], quarantined: [],
  now: null, next: null, input: { name: "Scarlett 2i2 USB (mock)", state: "live", rate: RATE, message: "" },
  recording: { on: true, dir: "sessions/mock", message: "" }, clients: { stage: 0, control: 0, monitor: 0 }, warnings: [],
};
const vocabulary = [
  ...["next", "back", "calm", "tap", "half", "double"].map((name) => ({ name, arg: "trigger", what: `Do ${name}.` })),
  { name: "hold", arg: "bool", what: "Stay on this picture." },
  { name: "blackout", arg: "bool", what: "Show black." },
  { name: "sensitivity", arg: "float", what: "Gain of the input.", unit: "dB", low: -24, high: 24 },
  { name: "energy", arg: "float", what: "Weaker or stronger.", low: -1, high: 1 },
  { name: "mode", arg: "choice", what: "How to choose.", choices: ["weighted", "random", "shuffle", "public_v0"] },
  { name: "kind", arg: "choice", what: "What to show.", choices: ["pair", "preset"] },
  { name: "pack", arg: "text", what: "Show this pack." },
];

function stateMessage() {
  const count = (role) => [...clients].filter((client) => client.role === role).length;
  state.clients = { stage: count("stage"), control: count("control"), monitor: count("monitor") };
  state.now = current === null ? null : { seq: current.seq };
  state.next = next === null ? null : { seq: next.seq, activateAtMs: next.activateAtMs };
  state.atMs = nowMs();
  state.sample = sampleAt(nowMs());
  return { type: "state", ...state };
}

const ordered = (client, message) => client.socket.send(JSON.stringify({ ...message, n: ++client.n }));
const broadcast = (message) => {
  for (const client of clients) if (client.greeted) ordered(client, message);
};

/* ---- picking ---- */

const REASONS = ["dwell:bar", "section:drop", "energy:up", "command:next", "fallback:no-audio", "section:breakdown"];

const FAULTY = ["faulty-script.json", "faulty-shader.json", "missing.json"];
let faults = 0;

function prepare(inMs, faulty) {
  seq += 1;
  const beat = Math.ceil((nowMs() + inMs) / BEAT_MS / 4) * 4;
  const activateAtMs = beat * BEAT_MS;
  const fault = faulty ? FAULTY[faults++ % FAULTY.length] : null;
  const fgUrl = url(fault ?? FOREGROUNDS[seq % FOREGROUNDS.length]);
  const bgUrl = state.kind === "preset" ? null : url(BACKGROUNDS[seq % BACKGROUNDS.length]);
  const kind = state.kind;
  const presetIds = kind === "pair" ? [`coupled:demo:${seq}:fg`, `coupled:demo:${seq}:bg`] : [`demo/${FOREGROUNDS[seq % FOREGROUNDS.length]}`];
  next = { seq, kind, pack: "demo", pair: kind === "pair" ? 100 + seq : null, presetIds, fgUrl, bgUrl, activateSample: sampleAt(activateAtMs), activateAtMs, fadeSec: 1 };
  const factors = { match: 0.62 + 0.35 * Math.abs(Math.sin(seq)), quality: 0.83, visible: 1, repeat: seq % 3 ? 1 : 0.4, measured: 0.91, variety: 0.5 + 0.1 * (seq % 5), rating: 1.2 };
  const record = {
    ...next, mode: state.mode, requestedMode: state.mode, reason: REASONS[seq % REASONS.length], sample: sampleAt(nowMs()), timeSec: nowMs() / 1000,
    beatCount: beat, barCount: beat / 4, section: sectionAt(nowMs()), intensity01: 0.7, warp_diff: 0.12, cx_diff: 0.08, quality01: 0.78, factors,
    weight: 417_312, totalWeight: 9_214_876, probability: 0.045287, candidates: 118,
    runnersUp: [1, 2, 3, 4, 5].map((i) => ({ id: `demo:${200 + i}`, weight: 400_000 - 20_000 * i, factors })),
  };
  picks.push(record);
  broadcast({ type: "pick", record });
  broadcast({ type: "prepare", ...next });
  broadcast(stateMessage());
}

let activationSent = false;
let lastActivationMs = nowMs();

function direct() {
  const now = nowMs();
  if (next === null) {
    activationSent = false;
    if (!state.hold && now - lastActivationMs > EVERY_SEC * 1000 - 2500) prepare(2200, FAULTS && seq % 2 === 1);
    return;
  }
  if (!activationSent && now > next.activateAtMs - 150) {
    activationSent = true;
    const { seq: of, activateAtMs: atMs, fadeSec } = next;
    const beatCount = Math.round(atMs / BEAT_MS);
    broadcast({ type: "activate", seq: of, sample: sampleAt(atMs), atMs, beatCount, barCount: beatCount / 4, fadeSec });
  }
  if (activationSent && now > next.activateAtMs) {
    current = next;
    next = null;
    lastActivationMs = now;
    broadcast({ type: "outcome", record: { type: "outcome", seq: current.seq, outcome: "activated", activateSample: current.activateSample } });
    broadcast(stateMessage());
  }
}

const COMMANDS = {
  next: () => next ?? prepare(300, false),
  back: () => undefined,
  hold: (on) => (state.hold = on ?? !state.hold),
  blackout: (on) => (state.blackout = on ?? !state.blackout),
  mode: (mode) => (state.mode = mode),
  kind: (kind) => (state.kind = kind),
  sensitivity: (db) => (state.sensitivityDb = db),
  energy: (bias) => (state.energyBias = bias),
  pack: (pack) => (state.pack = pack),
  tap: () => undefined,
  calm: () => undefined,
  half: () => undefined,
  double: () => undefined,
};

function onMessage(client, text) {
  const message = JSON.parse(text);
  if (message.type !== "ping") console.log(JSON.stringify(message));
  if (message.type === "hello") {
    client.role = message.role;
    client.audio = message.audio;
    client.snapshotHz = message.snapshotHz;
    client.greeted = true;
    const missed = picks.filter((pick) => pick.seq > (message.session === session ? message.lastSeq : 0)).slice(-20);
    ordered(client, { type: "hello", protocol: "aivj.v1", version: "0.1.0", session, rate: RATE, hop: 256, nowMs: nowMs(), state: stateMessage(), picks: missed, current, next, vocabulary });
    broadcast(stateMessage());
  } else if (message.type === "ping") ordered(client, { type: "pong", t: message.t, nowMs: nowMs() });
  else if (message.type === "ack") {
    const outcome = message.phase;
    broadcast({ type: "outcome", record: { ...message, type: "outcome", outcome, client: "stage" } });
    if (outcome === "failed" && next?.seq === message.seq) {
      state.quarantined = [...state.quarantined, { id: `demo:${next.pair}`, reason: message.reason, untilSample: 0 }].slice(-3);
      broadcast({ type: "cancel", seq: next.seq, reason: "failed" });
      next = null;
      prepare(2200, false);
    }
  } else if (message.type === "command") {
    const known = COMMANDS[message.verb];
    known?.(message.arg);
    if (message.id !== undefined) ordered(client, { type: "reply", id: message.id, ok: known !== undefined, message: known ? "" : `unknown verb ${message.verb}` });
    broadcast(stateMessage());
  }
}

/* ---- sound ---- */

const sectionAt = (ms) => ["calm", "groove", "build", "drop", "peak", "breakdown"][Math.floor(ms / 9000) % 6];

function snapshot() {
  const ms = nowMs();
  const beats = ms / BEAT_MS;
  const phase = beats % 1;
  const pulse = Math.exp(-phase * 5);
  const slow = 0.55 + 0.3 * Math.sin(ms / 7000);
  const beatCount = Math.floor(beats);
  return {
    type: "snapshot", atMs: ms, tSamples: sampleAt(ms), timeSec: ms / 1000, audioState: "live", audioValid: true, beatTrusted: true, barTrusted: true,
    energy01: slow * (0.7 + 0.3 * pulse), energySlow01: slow, bass01: pulse * 0.9, flux01: pulse * 0.5, beatPulse01: pulse, accent01: beatCount % 4 ? pulse * 0.4 : pulse,
    onsetRate2s: 3.2, gateBoost: 1.2, rms01: 0.3 + 0.3 * pulse, loudnessDb: -16 + 5 * pulse, peakDb: -4.2, noiseFloorDb: -61, gainDb: 3.1,
    kick01: pulse, clap01: 0.2, hihat01: 0.4, mid01: 0.35 + 0.2 * Math.sin(ms / 400), high01: 0.3 + 0.25 * Math.abs(Math.sin(beats * Math.PI * 2)), centroid01: 0.42,
    tempoBpm: BPM, beatPhase01: phase, beatCount, barPhase01: (beats % 4) / 4, barBeat: beatCount % 4, barCount: Math.floor(beats / 4),
    beatConfidence01: 0.86, tempoStability01: 0.94, beatSource: "audio", section: sectionAt(ms), sectionIntensity01: slow, buildup01: 0.3, onsetCount: beatCount * 2,
  };
}

function audioFrame() {
  const [W, B] = [1024, 64];
  const frame = Buffer.alloc(32 + 2 * W + B);
  const ms = nowMs();
  frame.write("AIVJ", 0);
  frame[4] = 1;
  frame[5] = 1;
  frame.writeUInt16LE(B, 6);
  frame.writeUInt32LE(W, 8);
  frame.writeFloatLE(1, 12);
  frame.writeBigUInt64LE(BigInt(sampleAt(ms)), 16);
  frame.writeDoubleLE(ms, 24);
  const end = ms / 1000;
  for (let i = 0; i < W; i++) {
    const t = end + (i - W) / RATE;
    const beat = (t * BPM) / 60;
    const kick = Math.exp(-(beat % 1) * 9) * Math.sin(2 * Math.PI * (50 * t + 20 * Math.exp(-(beat % 1) * 12)));
    const hat = Math.exp(-((beat + 0.5) % 1) * 25) * (Math.random() - 0.5);
    const chord = 0.12 * (Math.sin(2 * Math.PI * 220 * t) + Math.sin(2 * Math.PI * 277.2 * t) + Math.sin(2 * Math.PI * 329.6 * t));
    for (const [channel, pan] of [[0, 1], [1, 0.8]]) {
      frame[32 + channel * W + i] = Math.min(255, Math.max(0, Math.round(128 + 110 * (0.6 * kick + 0.5 * hat + pan * chord))));
    }
  }
  const phase = (ms / BEAT_MS) % 1;
  for (let b = 0; b < B; b++) {
    const shape = b < 14 ? 225 * Math.exp(-phase * 2) : 150 - b + 45 * Math.sin(b * 0.9 + ms / 300) * Math.exp(-phase);
    frame[32 + 2 * W + b] = Math.min(255, Math.max(8, shape + 18 * Math.random()));
  }
  return frame;
}

let announced = Math.floor(nowMs() / BEAT_MS);
setInterval(() => {
  direct();
  const beat = Math.floor((nowMs() + 120) / BEAT_MS);
  for (; announced < beat; ) {
    announced += 1;
    const atMs = announced * BEAT_MS;
    broadcast({ type: "beat", sample: sampleAt(atMs), atMs, count: announced, barBeat: announced % 4, barCount: Math.floor(announced / 4), tempoBpm: BPM, trusted: true, downbeat: announced % 4 === 0, source: "audio" });
  }
}, 20);
setInterval(() => {
  const frame = audioFrame();
  const text = JSON.stringify(snapshot());
  for (const client of clients) {
    if (!client.greeted || client.socket.buffered > 65536) continue; // latest wins
    if (client.audio) client.socket.send(frame);
    if (client.snapshotHz > 0) client.socket.send(text);
  }
}, 33);

/* ---- HTTP ---- */

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://mock");
  if (request.method === "POST" && pathname === "/mock/drop") {
    for (const client of clients) client.socket.close();
    response.end("dropped\n");
    return;
  }
  const file = pathname === "/" ? "/index.html" : pathname === "/control" ? "/control.html" : pathname;
  let body = null;
  if (pathname.startsWith("/presets/demo/")) body = presetFile(decodeURIComponent(pathname.slice("/presets/demo/".length)));
  else {
    const path = normalize(join(DIST, file));
    if (path.startsWith(DIST) && existsSync(path) && extname(path) !== "") body = readFileSync(path);
  }
  if (body === null) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
    return;
  }
  const type = TYPES[extname(decodeURIComponent(file))] ?? "application/octet-stream";
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff" }).end(body);
});
server.on("upgrade", (request, socket) => {
  const client = { role: "", n: 0, greeted: false, audio: false, snapshotHz: 0, socket: null };
  client.socket = accept(request, socket, {
    onMessage: (text) => onMessage(client, text),
    onClose: () => {
      clients.delete(client);
      broadcast(stateMessage());
    },
  });
  clients.add(client);
});
server.listen(PORT, "127.0.0.1", () => console.log(`mock daemon on http://127.0.0.1:${PORT}`));
