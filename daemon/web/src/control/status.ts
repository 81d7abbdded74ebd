/** The line on top: is it connected, does it hear, is it recorded, who watches, how exact is the clock. */

import type { AivjClient, AudioState, DaemonState, Phase } from "../client/index.js";
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

const INPUT_WORDS: Readonly<Record<AudioState, string>> = {
  live: "live",
  silent: "silent",
  stalled: "stalled",
  noInput: "no input",
};

export class Status {
  private input: DaemonState["input"] | null = null;
  /** What the analyser says of the sound; newer than the state, which is sent only when it changes. */
  private heard: AudioState | null = null;

  constructor(private readonly client: AivjClient) {
    client.on("snapshot", ({ audioState }) => {
      if (audioState === this.heard) return;
      this.heard = audioState;
      this.showInput();
    });
  }

  setPhase(phase: Phase): void {
    const chip = byId("link");
    setText(chip, PHASE_WORDS[phase]);
    chip.className = `chip ${phase === "open" ? "good" : "bad"}`;
    if (phase !== "open") this.heard = null;
  }

  setState(state: DaemonState): void {
    const { recording, clients } = state;
    this.input = state.input;
    this.showInput();
    const record = byId("recording");
    const stopped = !recording.on && recording.message !== "";
    setText(record, recording.on ? "recording" : stopped ? "recording stopped" : "not recording");
    record.className = `chip ${recording.on ? "recording" : stopped ? "bad" : ""}`;
    record.title = [recording.message, recording.dir, recording.saved ?? ""].filter((text) => text !== "").join("\n");
    const count = (role: "stage" | "control" | "monitor", word: string) => `${clients[role] ?? 0} ${word}`;
    setText(byId("clients"), `${count("stage", (clients.stage ?? 0) === 1 ? "stage" : "stages")} · ${count("control", "control")}`);
    byId("clients").classList.toggle("missing", (clients.stage ?? 0) === 0);
    setText(byId("session"), state.session);
  }

  private showInput(): void {
    if (this.input === null) return;
    const { name, message, rate } = this.input;
    const audio = this.heard ?? this.input.state;
    const chip = byId("input");
    setText(chip, `${INPUT_WORDS[audio] ?? audio} · ${name}`);
    chip.className = `chip ${audio === "live" ? "good" : audio === "silent" ? "" : "bad"}`;
    chip.title = [message, `${rate} Hz`].filter((text) => text !== "").join("\n");
  }

  /** Round trip and offset of the clock, once a second. */
  tick(): void {
    const { rttMs, offsetMs, samples } = this.client.clock;
    const known = this.client.connected && samples > 0;
    setText(byId("clock"), known ? `latency ${rttMs.toFixed(rttMs < 10 ? 1 : 0)} ms · clock ${signed(offsetMs / 1000, 3, "s")}` : "");
  }
}
