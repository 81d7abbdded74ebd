/** Records and numbers in the operator's words. */

import type { BeatSource, OutcomeRecord, PickRecord, PreparedPick } from "../client/index.js";

const REASONS: Readonly<Record<string, string>> = {
  start: "The show has to begin with something",
  "dwell:bar": "Shown long enough; on the bar",
  "dwell:beat": "Shown long enough; on the beat",
  "dwell:time": "Shown long enough; no beat to wait for",
  "section:drop": "The music dropped",
  "section:breakdown": "The music broke down",
  "section:build": "Waits for the drop",
  silence: "Silence",
  return: "The music is back",
  "section:calm": "The music calmed down",
  "energy:up": "The energy jumped up",
  "energy:down": "The energy fell",
  pinned: "You had asked for it",
  "command:next": "You asked for the next one",
  "command:back": "You went back",
  "command:calm": "You asked for calm",
  "command:rest": "You asked for calm for a while",
  "command:ban": "You banned the one before",
  "command:pack": "You changed the pack",
  "command:kind": "You changed between pairs and presets",
  "replace:failed": "The one before failed",
  "replace:dark": "The one before stayed dark",
  "replace:frozen": "The one before stood still",
  "replace:unanswered": "No stage showed the one before",
  cue: "A scene began",
  "fallback:no-audio": "No usable sound, so drawn at random",
  "fallback:no-weight": "Nothing had any weight, so drawn at random",
};

const FACTORS: Readonly<Record<string, string>> = {
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
  rating: "rating",
  turn: "its turn",
  asked: "asked for",
};

/** Why a pick was made; an unknown reason is shown as it stands, legibly. */
export function reasonInWords(reason: string): string {
  const known = REASONS[reason];
  if (known !== undefined) return known;
  const plain = reason.replace(/[:_-]+/g, " ").trim();
  return plain === "" ? "No reason given" : plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** Why and when: a fallback says what called for the pick, too. */
export function whyInWords({ reason, trigger }: Pick<PickRecord, "reason" | "trigger">): string {
  const why = reasonInWords(reason);
  if (trigger === undefined || trigger === reason) return why;
  return `${reasonInWords(trigger)}. ${why}`;
}

const CLOCKS: Readonly<Record<BeatSource, string>> = {
  audio: "heard",
  link: "Link",
  midi: "MIDI clock",
  os2l: "OS2L",
  tap: "tapped",
  coast: "coasting",
  internal: "internal clock",
};

/** Who keeps the beat; of one that is heard, how sure it is. */
export function clockInWords(source: BeatSource, confidence01: number): string {
  return source === "audio" ? `${Math.round(confidence01 * 100)} %` : (CLOCKS[source] ?? source);
}

export function factorInWords(name: string): string {
  return FACTORS[name] ?? name;
}

/** What identifies a pick to a person: the pair's number, or the preset's name. */
export function titleOf(pick: Pick<PreparedPick, "kind" | "pair" | "fgUrl">): string {
  return pick.kind === "pair" && pick.pair !== null ? `Pair ${pick.pair}` : presetName(pick.fgUrl);
}

/** File name without folder, query and ending, decoded. */
export function presetName(url: string): string {
  const file = (url.split(/[?#]/)[0] ?? "").split("/").at(-1) ?? "";
  let name = file;
  try {
    name = decodeURIComponent(file);
  } catch {
    // a stray % is shown as it is
  }
  return name.replace(/\.(json|milk2?)$/i, "");
}

/** How the draw went, in half a sentence. */
export function oddsInWords(record: PickRecord): string {
  const { probability, candidates, mode, requestedMode, factors } = record;
  if (factors?.["asked"] !== undefined) return "asked for by name";
  if (factors?.["turn"] !== undefined) return "its turn in the shuffle";
  if (probability === undefined || candidates === undefined) return "";
  const instead = mode !== undefined && mode !== requestedMode ? `${mode} instead of ${requestedMode}` : (mode ?? "");
  return `${percent(probability)} of ${candidates} by ${instead}`;
}

export function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2)} %`;
}

/** Seconds as m:ss or h:mm:ss. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/**
 * How long until a moment, in bars where the beat can be trusted.
 *
 * @param bpm 0 when no beat is trusted.
 */
export function countdown(seconds: number, bpm: number, beatsPerBar = 4): string {
  if (seconds <= 0) return "now";
  const inSeconds = `${seconds.toFixed(1)} s`;
  if (bpm <= 0) return `in ${inSeconds}`;
  const beats = Math.ceil((seconds * bpm) / 60 - 0.05);
  if (beats < beatsPerBar) return `in ${beats} beat${beats === 1 ? "" : "s"} · ${inSeconds}`;
  const bars = Math.ceil(beats / beatsPerBar);
  return `in ${bars} bar${bars === 1 ? "" : "s"} · ${inSeconds}`;
}

export interface OutcomeWords {
  words: string;
  tone: "good" | "bad" | "plain";
}

/** What became of a pick, from the last that was heard of it; `current`: it is the one on air. */
export function outcomeInWords(outcome: OutcomeRecord | undefined, current = true): OutcomeWords {
  switch (outcome?.outcome) {
    case "shown": {
      const late = outcome.lateMs ?? 0;
      return late > 50 ? { words: `${Math.round(late)} ms late`, tone: "plain" } : { words: "shown", tone: "good" };
    }
    case "activated":
      return current ? { words: "on air", tone: "good" } : { words: "no stage answered", tone: "plain" };
    case "prepared":
      return { words: "ready", tone: "plain" };
    case "late":
      return { words: "late", tone: "plain" };
    case "failed":
    case "quarantined":
      return { words: "failed", tone: "bad" };
    case "skipped":
      return { words: "skipped", tone: "plain" };
    default:
      return { words: "coming", tone: "plain" };
  }
}

/** Why a pick failed; addresses of presets become their names. */
export function failureInWords(reason: string | undefined): string {
  return (reason ?? "no reason given").replace(/\/presets\/\S+/g, presetName);
}

export function signed(value: number, digits: number, unit = ""): string {
  const text = Math.abs(value).toFixed(digits);
  const sign = Number(text) === 0 ? "" : value > 0 ? "+" : "\u2212";
  return `${sign}${text}${unit === "" ? "" : ` ${unit}`}`;
}
