/** One of the two decks: a foreground and a background visualizer, and the pick loaded in them. */

import type { Layer, PreparedPick } from "../client/index.js";
import { fetchPreset, PresetError } from "./preset.js";
import type { LoadFailure } from "./show.js";
import type { AudioLevels } from "./sound.js";
import { PresetVisualizer } from "./visualizer.js";
import type { Size } from "./visualizer.js";

const FETCH_TIMEOUT_MS = 5000;

export class Deck {
  readonly fg: PresetVisualizer;
  readonly bg: PresetVisualizer;
  /** Whether the background layer belongs to the pick (single presets have none). */
  hasBackground = false;
  loading = false;

  constructor(
    size: Size,
    private readonly token: string,
    private readonly audio: AudioLevels,
    private readonly nextFrame: () => Promise<void>,
  ) {
    this.fg = new PresetVisualizer(size);
    this.bg = new PresetVisualizer(size);
  }

  get ready(): boolean {
    return !this.loading && this.fg.loadedUrl !== null && (!this.hasBackground || this.bg.loadedUrl !== null);
  }

  get lost(): boolean {
    return this.fg.lost || this.bg.lost;
  }

  /** Fetch, check and compile both layers of a pick. Rejects with a `LoadFailure`. */
  async load(pick: PreparedPick, signal: AbortSignal): Promise<void> {
    this.loading = true;
    try {
      this.fg.loadedUrl = null;
      this.bg.loadedUrl = null;
      this.hasBackground = pick.bgUrl !== null;
      const layers: [Layer, PresetVisualizer, string][] = [["fg", this.fg, pick.fgUrl]];
      if (pick.bgUrl !== null) layers.push(["bg", this.bg, pick.bgUrl]);
      const timed = AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]);
      const presets = layers.map(([, , url]) => fetchPreset(url, this.token, timed));
      // Each promise is awaited in turn below; a rejection of a later one must not count as unhandled.
      for (const preset of presets) preset.catch(() => undefined);
      for (const [index, [layer, visualizer, url]] of layers.entries()) {
        try {
          const preset = await (presets[index] as (typeof presets)[number]);
          signal.throwIfAborted();
          // Compiling blocks; let the picture on air move between the two layers.
          await this.nextFrame();
          await visualizer.load(preset, url, this.audio);
        } catch (error) {
          signal.throwIfAborted();
          throw { layer, reason: `${url} ${reasonOf(error)}` } satisfies LoadFailure;
        }
      }
    } finally {
      this.loading = false;
    }
  }

  render(elapsedSec: number): void {
    this.fg.render(this.audio, elapsedSec);
    if (this.hasBackground) this.bg.render(this.audio, elapsedSec);
  }

  resize(size: Size): void {
    this.fg.resize(size);
    this.bg.resize(size);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof PresetError) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `did not arrive within ${FETCH_TIMEOUT_MS / 1000} s`;
  }
  return `failed: ${error instanceof Error ? error.message : String(error)}`;
}
