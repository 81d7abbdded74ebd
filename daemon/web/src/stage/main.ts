/** The stage page: follows the daemon's picks and draws them to its sound. */

import "./stage.css";
import { AivjClient, defaultUrl, tokenOf } from "../client/index.js";
import type { Activation, PreparedPick } from "../client/index.js";
import { argumentOf, verbOfKey } from "../keys.js";
import { Compositor } from "./compositor.js";
import type { DeckTextures, FrameDescription } from "./compositor.js";
import { Coupling } from "./coupling.js";
import { Deck } from "./deck.js";
import { EvidenceLog } from "./evidence.js";
import { Gauge } from "./gauge.js";
import { Governor } from "./governor.js";
import { parseStageOptions } from "./options.js";
import { Show } from "./show.js";
import { Sound } from "./sound.js";
import type { Size } from "./visualizer.js";

const REPORT_EVERY_MS = 1000;
const SAMPLE_EVERY_MS = 400;
const BLACKOUT_FADE_MS = 350;
/** Between two warm-up frames of the deck standing by, ms; its layers take turns. */
const WARM_EVERY_MS = 120;
/** Below this the outgoing picture stands still during a fade: four layers would be too many. */
const MOVING_FADE_FPS = 30;
const CURSOR_HIDES_AFTER_MS = 2000;

const options = parseStageOptions(location.search);
const idle = document.getElementById("idle") as HTMLElement;
const canvas = document.getElementById("stage") as HTMLCanvasElement;

class Stage {
  private readonly client: AivjClient;
  private readonly compositor: Compositor;
  private readonly decks: readonly [Deck, Deck];
  private readonly textures: Map<Deck, DeckTextures>;
  private readonly show: Show<Deck>;
  private readonly sound = new Sound();
  private readonly gauge = new Gauge();
  private readonly governor = new Governor(innerHeight * devicePixelRatio);
  private readonly coupling = new Coupling(options.coupling ? options.couplingStrength : 0);
  private readonly evidence = new EvidenceLog();
  private size: Size;
  private frames = 0;
  private lastFrameMs = performance.now();
  private light = 1;
  private blackout = false;
  private fade: { outgoing: Deck; startMs: number; durationMs: number } | null = null;
  /** Put on air but not yet drawn; the daemon is told when it is. */
  private unseen: { pick: PreparedPick; atPageMs: number } | null = null;
  private sampledMs = 0;
  private samplingSecond = false;
  private warmedMs = 0;
  private warmBackground = false;
  private readonly waiters: (() => void)[] = [];

  constructor() {
    this.compositor = new Compositor(canvas, options.blend);
    this.size = options.resolution ?? this.wantedSize();
    const token = tokenOf(location);
    const deck = () => new Deck(this.size, token, this.sound.levels, () => this.quietMoment());
    this.decks = [deck(), deck()];
    this.textures = new Map(this.decks.map((d) => [d, this.compositor.createTextures()]));
    this.client = new AivjClient({
      role: "stage",
      name: options.name,
      url: defaultUrl(location),
      token,
      snapshotHz: 0,
      audio: true,
    });
    this.show = new Show(
      this.decks,
      {
        prepared: (pick, ms) => {
          this.evidence.pick(pick, { preparedMs: Math.round(ms) });
          this.client.ackPrepared(pick.seq, Math.round(ms));
        },
        failed: (pick, { layer, reason }) => {
          this.evidence.pick(pick, { failed: reason });
          this.evidence.error(performance.now(), `pick ${pick.seq} ${layer}: ${reason}`);
          this.client.ackFailed(pick.seq, reason, layer);
        },
        onAir: (change) => this.putOnAir(change),
      },
      () => performance.now(),
    );
    this.follow();
  }

  start(): void {
    this.client.connect();
    requestAnimationFrame((nowMs) => this.frame(nowMs));
    setInterval(() => this.report(), REPORT_EVERY_MS);
    addEventListener("resize", () => this.fitWindow());
    document.addEventListener("visibilitychange", () => this.governor.disturb());
    canvas.addEventListener("webglcontextlost", () => location.reload());
    this.fitWindow();
    window.__aivj = { getState: () => this.state() };
  }

  private follow(): void {
    const { client, show } = this;
    client.on("hello", ({ hello, resumed }) => {
      if (!resumed) show.forgetStandby();
      if (hello.current !== null) show.adopt(hello.current);
    });
    client.on("state", (state) => {
      this.blackout = state.blackout;
    });
    client.on("phase", ({ phase }) => {
      idle.textContent = phase === "open" ? "Listening. The first picture comes soon." : "Waiting for the daemon\u2026";
    });
    client.on("audio", (frame) => this.sound.receive(frame, performance.now()));
    client.on("beat", (beat) => this.coupling.beat(beat));
    client.on("prepare", (pick) => {
      this.evidence.pick(pick, {});
      show.prepare(pick);
    });
    client.on("activate", (activation: Activation) => {
      show.activate(activation.pick.seq, activation);
    });
    client.on("cancel", ({ seq }) => show.cancel(seq));
    client.on("error", (message) => this.evidence.error(performance.now(), message));
  }

  private putOnAir(change: {
    pick: PreparedPick;
    deck: Deck;
    outgoing: Deck | null;
    atPageMs: number;
    fadeSec: number;
  }): void {
    const nowMs = performance.now();
    this.fade =
      change.outgoing === null || change.fadeSec <= 0
        ? null
        : { outgoing: change.outgoing, startMs: Math.max(change.atPageMs, nowMs - 50), durationMs: change.fadeSec * 1000 };
    this.unseen = { pick: change.pick, atPageMs: change.atPageMs };
    this.gauge.restart();
    this.governor.disturb();
  }

  private frame(nowMs: number): void {
    requestAnimationFrame((next) => this.frame(next));
    // The picture drawn now is seen about one refresh later.
    this.client.poll(performance.now() + 8);
    this.compositor.collect();
    if (!this.compositor.ready) {
      this.gauge.drop();
      return;
    }
    const elapsedSec = Math.min(0.1, Math.max(1 / 240, (nowMs - this.lastFrameMs) / 1000));
    this.lastFrameMs = nowMs;
    this.sound.age(nowMs);
    for (const resolve of this.waiters.splice(0)) resolve();
    this.dim(elapsedSec);
    const deck = this.show.deckOnAir;
    const live = this.show.current !== null && deck.ready;
    idle.hidden = live || this.show.current !== null;
    if (live) {
      this.drawLive(deck, nowMs, elapsedSec);
      if (this.governor.frame(nowMs) && options.resolution === null) this.resizeLayers(this.wantedSize());
    }
    this.warmStandby(nowMs);
  }

  private drawLive(deck: Deck, nowMs: number, elapsedSec: number): void {
    this.renderDeck(deck, elapsedSec);
    let fade = 1;
    if (this.fade !== null) {
      fade = Math.min(1, (nowMs - this.fade.startMs) / this.fade.durationMs);
      const { outgoing } = this.fade;
      if (fade >= 1) this.fade = null;
      else if (outgoing.ready && this.gauge.reading.fps >= MOVING_FADE_FPS) this.renderDeck(outgoing, elapsedSec);
    }
    const description: FrameDescription = {
      onAir: this.texturesOf(deck),
      outgoing: this.fade === null ? null : this.texturesOf(this.fade.outgoing),
      fade: Math.max(0, fade * fade * (3 - 2 * fade)),
      light: this.light,
      coupling: this.coupling.at(nowMs, elapsedSec),
      layerSize: this.size,
    };
    this.compositor.draw(description);
    this.frames += 1;
    this.gauge.frame(nowMs);
    this.sample(description, nowMs);
    if (this.unseen !== null) {
      const { pick, atPageMs } = this.unseen;
      const lateMs = Math.max(0, Math.round(performance.now() - atPageMs));
      this.unseen = null;
      this.evidence.pick(pick, { activatedAtMs: this.client.clock.toServer(performance.now()), lateMs });
      this.client.ackShown(pick.seq, lateMs);
    }
  }

  private renderDeck(deck: Deck, elapsedSec: number): void {
    deck.render(elapsedSec);
    const textures = this.texturesOf(deck);
    textures.hasBackground = deck.hasBackground;
    this.compositor.upload(textures.fg, deck.fg.picture);
    if (deck.hasBackground) this.compositor.upload(textures.bg, deck.bg.picture);
  }

  /** Let the next pick's feedback grow before it is seen, one layer at a time. */
  private warmStandby(nowMs: number): void {
    const deck = this.show.deckStandingBy;
    if (this.show.next?.status !== "ready" || !deck.ready || nowMs - this.warmedMs < WARM_EVERY_MS) return;
    this.warmedMs = nowMs;
    this.warmBackground = deck.hasBackground && !this.warmBackground;
    (this.warmBackground ? deck.bg : deck.fg).render(this.sound.levels, 1 / 30);
  }

  private sample(description: FrameDescription, nowMs: number): void {
    if (this.samplingSecond) {
      this.samplingSecond = false;
      this.compositor.sample(description, (pixels) => {
        this.gauge.second(pixels, nowMs);
        if (this.gauge.dark && !this.blackout) this.report();
      });
    } else if (nowMs - this.sampledMs >= SAMPLE_EVERY_MS) {
      this.sampledMs = nowMs;
      this.samplingSecond = true;
      this.compositor.sample(description, (pixels) => this.gauge.first(pixels, nowMs));
    }
  }

  private dim(elapsedSec: number): void {
    const step = (elapsedSec * 1000) / BLACKOUT_FADE_MS;
    this.light = Math.min(1, Math.max(0, this.light + (this.blackout ? -step : step)));
  }

  /** Resolves on a frame, when nothing is fading if that can be had soon: compiling blocks the page. */
  private quietMoment(): Promise<void> {
    const patienceEndsMs = performance.now() + 1500;
    return new Promise((resolve) => {
      const look = () => {
        if (this.fade === null || performance.now() > patienceEndsMs) {
          this.governor.disturb();
          resolve();
        } else this.waiters.push(look);
      };
      // Hidden pages get no frames, but should stay prepared.
      if (document.hidden) resolve();
      else this.waiters.push(look);
    });
  }

  private wantedSize(): Size {
    const height = this.governor.lines;
    const aspect = Math.min(4, Math.max(0.25, innerWidth / Math.max(1, innerHeight)));
    return { width: Math.round((height * aspect) / 2) * 2, height };
  }

  private resizeLayers(size: Size): void {
    this.size = size;
    for (const deck of this.decks) deck.resize(size);
    this.fitCanvas();
  }

  private fitWindow(): void {
    this.governor.setMostLines(innerHeight * devicePixelRatio);
    if (options.resolution === null) this.resizeLayers(this.wantedSize());
    else this.fitCanvas();
  }

  /** More than twice the layers' size only costs time; the browser scales the rest. */
  private fitCanvas(): void {
    const scale = Math.min(1, (2 * this.size.height) / Math.max(1, innerHeight * devicePixelRatio));
    this.compositor.resize(
      Math.max(2, Math.round(innerWidth * devicePixelRatio * scale)),
      Math.max(2, Math.round(innerHeight * devicePixelRatio * scale)),
    );
  }

  private texturesOf(deck: Deck): DeckTextures {
    return this.textures.get(deck) as DeckTextures;
  }

  private report(): void {
    if (this.decks.some((deck) => deck.lost)) {
      location.reload(); // a lost graphics context does not come back; the daemon says what to show
      return;
    }
    const { fps, luma01, motion01, dropped, sampled } = this.gauge.take(performance.now());
    if (this.show.current === null || document.hidden) return;
    const looks = sampled ? { luma01: round(luma01, 4), motion01: round(motion01, 5) } : {};
    this.client.report({ fps: round(fps, 1), ...looks, dropped });
  }

  private state() {
    const { client, show, gauge, size } = this;
    const deck = show.deckOnAir;
    const { fps, luma01, motion01, dropped } = gauge.reading;
    return {
      connected: client.connected,
      session: client.session,
      clockOffsetMs: client.clock.offsetMs,
      current:
        show.current === null
          ? null
          : { ...show.current, loaded: { fg: deck.fg.loadedUrl, bg: deck.hasBackground ? deck.bg.loadedUrl : null } },
      next: show.next === null ? null : { ...show.next.pick, status: show.next.status },
      picks: this.evidence.picks.map((pick) => ({ ...pick })),
      fps,
      luma01,
      motion01,
      dropped,
      frames: this.frames,
      audioFrames: this.sound.frames,
      resolution: { ...size, canvasWidth: canvas.width, canvasHeight: canvas.height },
      blackout: this.blackout,
      lastLoadMs: { fg: { ...deck.fg.lastLoadMs }, bg: { ...deck.bg.lastLoadMs } },
      errors: [...this.evidence.errors],
    };
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Full screen on double click or `f`; the cursor hides while it rests; the screen stays awake. */
function behaveLikeAStage(): void {
  const toggle = () => {
    if (document.fullscreenElement === null) void document.documentElement.requestFullscreen().catch(() => undefined);
    else void document.exitFullscreen();
  };
  addEventListener("dblclick", toggle);
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && !event.repeat) toggle();
  });
  let timer = 0;
  const rest = () => document.documentElement.classList.add("resting");
  addEventListener("pointermove", () => {
    document.documentElement.classList.remove("resting");
    clearTimeout(timer);
    timer = window.setTimeout(rest, CURSOR_HIDES_AFTER_MS);
  });
  rest();
  const stayAwake = () => {
    if (!document.hidden && "wakeLock" in navigator) void navigator.wakeLock.request("screen").catch(() => undefined);
  };
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}

/** `?keys=1`: the operator's keys on the stage itself, over a connection of role `control`. */
function listenToKeys(): void {
  const control = new AivjClient({
    role: "control",
    name: `${options.name.slice(0, 59)} keys`,
    url: defaultUrl(location),
    token: tokenOf(location),
    snapshotHz: 0,
  });
  control.connect();
  addEventListener("keydown", (event) => {
    const verb = verbOfKey(event);
    if (verb === null) return;
    event.preventDefault();
    control.command(verb, argumentOf(verb, control.state)).catch((error: unknown) => console.warn(String(error)));
  });
}

try {
  new Stage().start();
  behaveLikeAStage();
  if (options.keys) listenToKeys();
} catch (error) {
  idle.textContent = error instanceof Error ? error.message : String(error);
}
