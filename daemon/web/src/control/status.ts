/** The line on top: is it connected, does it hear, is it recorded, who watches, how exact is the clock. */

import type { AivjClient, DaemonState, Phase } from "../client/index.js";
import { byId, setText } from "./dom.js";
import { signed } from "./words.js";

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  idle: "not connected",
  connecting: "connecting",
  greeting: "connecting",
  open: "connected",
  waiting: "daemon away, trying again",
  closed: "closed",
};

const INPUT_WORDS: Readonly<Record<DaemonState["input"]["state"], string>> = {
  live: "live",
  silent: "silent",
  stalled: "stalled",
  noInput: "no input",
};

export class Status {
  constructor(private readonly client: AivjClient) {}

  setPhase(phase: Phase): void {
    const chip = byId("link");
    setText(chip, PHASE_WORDS[phase]);
    chip.className = `chip ${phase === "open" ? "good" : "bad"}`;
  }

  setState(state: DaemonState): void {
    const { input, recording, clients } = state;
    const source = byId("input");
    setText(source, `${INPUT_WORDS[input.state] ?? input.state} · ${input.name}`);
    source.className = `chip ${input.state === "live" ? "good" : input.state === "silent" ? "" : "bad"}`;
    source.title = [input.message, `${input.rate} Hz`].filter((text) => text !== "").join("\n");
    const record = byId("recording");
    setText(record, recording.on ? "recording" : "not recording");
    record.className = `chip ${recording.on ? "recording" : ""}`;
    record.title = [recording.dir, recording.message].filter((text) => text !== "").join("\n");
    const count = (role: "stage" | "control" | "monitor", word: string) => `${clients[role] ?? 0} ${word}`;
    setText(byId("clients"), `${count("stage", (clients.stage ?? 0) === 1 ? "stage" : "stages")} · ${count("control", "control")}`);
    byId("clients").classList.toggle("missing", (clients.stage ?? 0) === 0);
    setText(byId("session"), state.session);
  }

  /** Round trip and offset of the clock, once a second. */
  tick(): void {
    const { rttMs, offsetMs, samples } = this.client.clock;
    const known = this.client.connected && samples > 0;
    setText(byId("clock"), known ? `latency ${rttMs.toFixed(rttMs < 10 ? 1 : 0)} ms · clock ${signed(offsetMs / 1000, 3, "s")}` : "");
  }
}
