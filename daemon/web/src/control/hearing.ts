/** What the daemon hears: tempo, beats, section, spectrum, levels. Drawn once a frame. */

import type { AivjClient, AudioFrame, Snapshot } from "../client/index.js";
import { byId, make, setText } from "./dom.js";
import { clockInWords } from "./words.js";

interface Meter {
  label: string;
  /** 0 to 1, and the number shown beside the bar. */
  read(snapshot: Snapshot): { level: number; text: string };
}

const QUIETEST_DB = -60;
const percentOf = (value: number) => ({ level: value, text: String(Math.round(value * 100)) });

const METERS: readonly Meter[] = [
  {
    label: "Level",
    read: ({ loudnessDb }) => ({
      level: Math.max(0, 1 - loudnessDb / QUIETEST_DB),
      text: loudnessDb <= -99 ? "\u2013\u221e dB" : `${loudnessDb.toFixed(1).replace("-", "\u2212")} dB`,
    }),
  },
  { label: "Bass", read: ({ bass01 }) => percentOf(bass01) },
  { label: "Mid", read: ({ mid01 }) => percentOf(mid01) },
  { label: "High", read: ({ high01 }) => percentOf(high01) },
  { label: "Energy", read: ({ energy01 }) => percentOf(energy01) },
  { label: "Accent", read: ({ accent01 }) => percentOf(accent01) },
];

const PEAK_FALLS_PER_SEC = 0.5;
const STALE_MS = 1500;

export class Hearing {
  private snapshot: Snapshot | null = null;
  private receivedMs = Number.NEGATIVE_INFINITY;
  private spectrum: Uint8Array = new Uint8Array(64);
  private readonly peaks = new Float32Array(64);
  private readonly bars: { fill: HTMLElement; value: HTMLElement }[] = [];
  private readonly dots = [...byId("beats").children] as HTMLElement[];
  private readonly canvas = byId<HTMLCanvasElement>("spectrum");
  private readonly context: CanvasRenderingContext2D;
  private lastDrawMs = performance.now();

  constructor(private readonly client: AivjClient) {
    const context = this.canvas.getContext("2d");
    if (context === null) throw new Error("this browser cannot draw on a canvas");
    this.context = context;
    const list = byId("meters");
    for (const { label } of METERS) {
      const track = make("dd", "track");
      const fill = track.appendChild(make("i", label === "Accent" || label === "Energy" ? "fill warm" : "fill"));
      const value = make("dd", "value", "\u2013");
      list.append(make("dt", "", label), track, value);
      this.bars.push({ fill, value });
    }
    client.on("snapshot", (snapshot) => {
      this.snapshot = snapshot;
      this.receivedMs = performance.now();
    });
    client.on("audio", (frame: AudioFrame) => {
      this.spectrum = frame.spectrum;
    });
  }

  /** Tempo if the beat can be trusted, else 0. */
  get trustedBpm(): number {
    return this.snapshot?.beatTrusted === true ? this.snapshot.tempoBpm : 0;
  }

  draw(nowMs: number): void {
    const elapsedSec = Math.min(0.2, (nowMs - this.lastDrawMs) / 1000);
    this.lastDrawMs = nowMs;
    const fresh = nowMs - this.receivedMs < STALE_MS;
    document.body.classList.toggle("stale", !fresh);
    if (!fresh) this.spectrum = new Uint8Array(this.spectrum.length);
    this.drawSpectrum(elapsedSec);
    if (this.snapshot !== null) this.drawSnapshot(this.snapshot, nowMs, fresh);
  }

  private drawSnapshot(snapshot: Snapshot, nowMs: number, fresh: boolean): void {
    const { tempoBpm, beatTrusted, barTrusted, beatConfidence01, beatSource } = snapshot;
    setText(byId("bpm"), tempoBpm > 0 ? tempoBpm.toFixed(1) : "\u2013");
    const trust = !fresh
      ? "no news"
      : tempoBpm <= 0
        ? "no beat"
        : barTrusted
          ? "on the bar"
          : beatTrusted
            ? "on the beat"
            : "guessing";
    setText(byId("trust"), trust);
    setText(byId("bpm-source"), `BPM · ${clockInWords(beatSource, beatConfidence01)}`);
    byId("trust").classList.toggle("sure", fresh && beatTrusted);
    byId("bpm").classList.toggle("sure", fresh && beatTrusted);
    setText(byId("section"), snapshot.section);
    setText(byId("section-next"), snapshot.buildup01 > 0.5 ? "building up" : `strength ${Math.round(snapshot.sectionIntensity01 * 100)}`);

    // Phase goes on between snapshots, so that the dots keep time at any rate.
    const sinceSec = Math.max(0, this.client.clock.toServer(nowMs) - snapshot.atMs) / 1000;
    const beats = snapshot.beatPhase01 + (Math.min(1, sinceSec) * tempoBpm) / 60;
    const beat = (snapshot.barBeat + Math.floor(beats)) % this.dots.length;
    const phase = beats % 1;
    const running = fresh && tempoBpm > 0;
    for (const [index, dot] of this.dots.entries()) {
      const lit = running && index === beat;
      dot.classList.toggle("lit", lit);
      dot.classList.toggle("down", index === 0 && barTrusted);
      dot.style.opacity = lit ? String(1 - 0.55 * phase) : "";
    }
    byId("phase").style.transform = `scaleX(${running ? ((beat + phase) / this.dots.length).toFixed(3) : 0})`;
    byId("phase").classList.toggle("sure", barTrusted);

    for (const [index, meter] of METERS.entries()) {
      const { fill, value } = this.bars[index] as { fill: HTMLElement; value: HTMLElement };
      const { level, text } = fresh ? meter.read(snapshot) : { level: 0, text: "\u2013" };
      fill.style.transform = `scaleX(${Math.min(1, Math.max(0, level)).toFixed(3)})`;
      setText(value, text);
    }
  }

  private drawSpectrum(elapsedSec: number): void {
    const { canvas, context, spectrum, peaks } = this;
    const ratio = devicePixelRatio;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (width === 0 || height === 0) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.clearRect(0, 0, width, height);
    const step = width / spectrum.length;
    const bar = Math.max(1, step - 2 * ratio);
    for (let band = 0; band < spectrum.length; band++) {
      const level = (spectrum[band] as number) / 255;
      const peak = Math.max(level, (peaks[band] ?? 0) - PEAK_FALLS_PER_SEC * elapsedSec);
      peaks[band] = peak;
      context.fillStyle = "#56c8b0";
      context.globalAlpha = 0.45 + 0.55 * level;
      context.fillRect(band * step, height * (1 - level), bar, height * level);
      context.globalAlpha = 0.8;
      context.fillStyle = "#dff5ef";
      if (peak > 0.02) context.fillRect(band * step, height * (1 - peak), bar, Math.max(1, ratio));
    }
    context.globalAlpha = 1;
  }
}
