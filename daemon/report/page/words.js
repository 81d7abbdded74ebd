// ---- records in words ----

const REASONS = {
  start: "The show began",
  "dwell:bar": "Long enough; on the bar",
  "dwell:beat": "Long enough; on the beat",
  "dwell:time": "Long enough; no beat to wait for",
  "section:drop": "The music dropped",
  "section:breakdown": "The music broke down",
  "section:build": "It waited for the drop",
  silence: "Silence",
  return: "The music was back",
  "section:calm": "The music calmed down",
  "energy:up": "The energy jumped up",
  "energy:down": "The energy fell",
  pinned: "Asked for by name",
  "command:next": "Operator: next",
  "command:back": "Operator: back",
  "command:calm": "Operator: calm",
  "command:rest": "The operator asked for calm for a while",
  "command:ban": "Operator: banned the one before",
  "command:pack": "Operator: another pack",
  "command:kind": "Operator: another kind",
  "replace:failed": "The one before failed",
  "replace:dark": "The one before stayed dark",
  "replace:frozen": "The one before stood still",
  "replace:unanswered": "No stage showed the one before",
  cue: "A scene of the cue list began",
  "fallback:no-audio": "No usable sound; at random",
  "fallback:no-weight": "Nothing had weight; at random",
};

const FACTORS = {
  match: "fits the sound",
  quality: "quality",
  visible: "visible enough",
  tooStrong: "not too strong",
  measured: "light and motion",
  variety: "a change",
  explore: "everyone's share",
  manifest: "run manifest",
  repeat: "not shown lately",
  dedup: "not just shown",
  turn: "its turn",
  asked: "asked for",
  blocked: "not blocked",
  quarantine: "not in quarantine",
  banned: "not banned",
};

const own = (table, name) => (Object.hasOwn(table, name) ? table[name] : name);
const reasonInWords = (reason) => own(REASONS, reason);
const factorInWords = (name) => own(FACTORS, name);

/** Seconds as m:ss or h:mm:ss, with so many digits after the point. */
function clock(seconds, digits = 0) {
  const scale = 10 ** digits;
  const all = Math.max(0, Math.round(seconds * scale));
  const whole = Math.floor(all / scale);
  const pad = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const tail = digits > 0 ? `.${String(all % scale).padStart(digits, "0")}` : "";
  return (hours > 0 ? `${hours}:${pad(minutes)}:` : `${minutes}:`) + pad(whole % 60) + tail;
}

/** Wall clock at a moment, as the session's own zone had it; empty where it is not known. */
function wallClock(session, at) {
  const found = /T(\d\d):(\d\d):(\d\d)/.exec(session.head.header.startedAt);
  if (found === null) return "";
  const began = 3600 * found[1] + 60 * found[2] + 1 * found[3];
  const now = Math.floor(began + at - session.first) % 86400;
  const pad = (value) => String(value).padStart(2, "0");
  return `${pad(Math.floor(now / 3600))}:${pad(Math.floor(now / 60) % 60)}:${pad(now % 60)}`;
}

function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = 100 * share;
  return `${value >= 10 || value === 0 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)} %`;
}

const seconds = (value) => (value === null ? "–" : value >= 100 ? clock(value) : `${value.toFixed(1)} s`);

/** Who made it, as far as a file name says: its first word. */
function authorOf(pick) {
  const word = (/^[^\s_,-]+/u.exec(pick.fg) ?? [""])[0].toLowerCase();
  return /\p{L}/u.test(word) ? word : "unknown";
}

/** The name without the number at its end that makes it unique. */
const shortName = (name) => name.replace(/-[0-9a-f]{8}$/, "").replaceAll("-", " ");

/** What became of a pick: words, and how good that is. */
function fateOf(pick) {
  const of = (name) => pick.outcomes.find((outcome) => outcome.o === name);
  const late = Math.max(0, ...pick.outcomes.map((outcome) => outcome.late ?? 0));
  if (of("failed")) return ["failed", "bad"];
  if (pick.shown === false) return ["taken back", "quiet"];
  if (late >= 50) return [`${Math.round(late)} ms late`, "warm"];
  if (of("late")) return ["late", "warm"];
  if (of("shown")) return ["shown", "good"];
  if (pick.shown) return ["no answer", "quiet"];
  return ["not known", "quiet"];
}

function originInWords(origin) {
  if (origin.startsWith("osc:")) return `OSC from ${origin.slice(4)}`;
  if (origin.startsWith("ws:")) return `page ${origin.slice(3)}`;
  return origin;
}
