/**
 * One butterchurn visualizer, which may hold a preset.
 *
 * butterchurn never throws for a shader that does not compile or link: it draws without it. So its
 * `gl.linkProgram` is watched, and throws where a program does not link, with GLSL's reason.
 */

import butterchurn from "butterchurn";
import type { Visualizer } from "butterchurn";
import { PresetError } from "./preset.js";
import type { Preset } from "./preset.js";
import type { AudioLevels } from "./sound.js";

export interface Size {
  width: number;
  height: number;
}

/** Wall time that compiling and the first frame may take before a preset counts as pathological. */
const SLOWEST_LOAD_MS = 8000;

export class PresetVisualizer {
  /** Address of the preset that is really in the renderer; null while there is none. */
  loadedUrl: string | null = null;
  /** What the last load took, ms: equations and shaders, first frame. */
  lastLoadMs = { compile: 0, firstFrame: 0 };
  frames = 0;
  private readonly visualizer: Visualizer;

  constructor(private size: Size) {
    const unused = document.createElement("canvas");
    unused.width = unused.height = 1;
    this.visualizer = butterchurn.createVisualizer(null, unused, {
      ...size,
      pixelRatio: 1,
      textureRatio: 1,
      onlyUseWASM: true,
    });
    // The compositor reads the internal canvas; the 2D copy that butterchurn would make is wasted.
    this.visualizer.outputGl = null;
    const { gl } = this.visualizer;
    const link = gl.linkProgram.bind(gl);
    gl.linkProgram = (program: WebGLProgram) => {
      link(program);
      if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true && !gl.isContextLost()) {
        throw new PresetError(`has a shader that does not link: ${linkFault(gl, program)}`);
      }
    };
  }

  get picture(): TexImageSource {
    return this.visualizer.internalCanvas;
  }

  get lost(): boolean {
    return this.visualizer.gl.isContextLost();
  }

  /**
   * Compile a preset and draw its first frame.
   *
   * @throws PresetError when equations or shaders do not compile, or it takes too long.
   */
  async load(preset: Preset, url: string, audio: AudioLevels): Promise<void> {
    this.loadedUrl = null;
    const started = performance.now();
    try {
      await this.visualizer.loadPreset(preset, 0);
    } catch (error) {
      if (error instanceof PresetError) throw error;
      throw new PresetError(`has equations that do not compile: ${firstLine(error)}`);
    }
    this.fit();
    const compiled = performance.now();
    this.visualizer.render({ audioLevels: audio, elapsedTime: 1 / 30 });
    this.finish();
    const done = performance.now();
    this.lastLoadMs = { compile: compiled - started, firstFrame: done - compiled };
    if (this.lost) throw new PresetError("made the browser lose its graphics context");
    if (done - started > SLOWEST_LOAD_MS) {
      throw new PresetError(`took ${((done - started) / 1000).toFixed(1)} s to load, more than ${SLOWEST_LOAD_MS / 1000} s`);
    }
    this.frames = 1;
    this.loadedUrl = url;
  }

  render(audio: AudioLevels, elapsedSec: number): void {
    this.visualizer.render({ audioLevels: audio, elapsedTime: elapsedSec });
    this.frames += 1;
  }

  /** Takes effect at once, or with the next preset when there is none to draw. */
  resize(size: Size): void {
    this.size = size;
    if (this.loadedUrl !== null) this.fit();
  }

  private fit(): void {
    const { internalCanvas } = this.visualizer;
    const { width, height } = this.size;
    if (internalCanvas.width === width && internalCanvas.height === height) return;
    this.visualizer.setRendererSize(width, height);
  }

  /** Wait for the GPU, so that the first frame's cost is paid now and not on air. */
  private finish(): void {
    const { gl } = this.visualizer;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
}

function linkFault(gl: WebGL2RenderingContext, program: WebGLProgram): string {
  const logs = (gl.getAttachedShaders(program) ?? []).map((shader) => gl.getShaderInfoLog(shader) ?? "");
  logs.push(gl.getProgramInfoLog(program) ?? "");
  return logs.map(firstLine).find((line) => line !== "") ?? "no reason given";
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // ANGLE ends its logs with a NUL, which JSON would carry to the daemon.
  return (message.split("\n")[0] ?? "").replace(/\0/g, "").trim().slice(0, 200);
}
