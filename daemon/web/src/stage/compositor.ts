/**
 * Lays foreground over background: one quad, one shader, two decks of two textures each.
 *
 * The same shader draws the picture small into a frame buffer, from which luma and motion are read.
 */

import type { CouplingUniforms } from "./coupling.js";
import { SAMPLE_HEIGHT, SAMPLE_WIDTH } from "./gauge.js";
import type { Blend } from "./options.js";

const VERTEX = `#version 300 es
out vec2 uv;
void main() {
  // One triangle that covers the screen.
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  uv = vec2(corner.x, 1.0 - corner.y);   // canvases are uploaded top row first
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec2 uv;
out vec4 colour;
uniform sampler2D uFg, uBg, uFgOld, uBgOld;
uniform bool uHasBg, uHasBgOld;
uniform int uBlend;           // 0 luma alpha, 1 screen, 2 lighten
uniform float uFade;          // 0 the old picture, 1 the new one
uniform float uLight;         // 0 under blackout
uniform vec2 uFgShift, uBgShift;
uniform float uFgScale, uBgScale;
uniform vec2 uTexel;

const vec3 REC709 = vec3(0.2126, 0.7152, 0.0722);

vec2 place(vec2 at, vec2 shift, float scale) { return (at - 0.5) / scale + 0.5 - shift; }

// Averaged over a cross, because a hard luma edge flickers.
float softLuma(sampler2D layer, vec2 at, vec3 centre) {
  vec3 sum = 2.0 * centre;
  sum += texture(layer, at + vec2(uTexel.x, 0.0)).rgb + texture(layer, at - vec2(uTexel.x, 0.0)).rgb;
  sum += texture(layer, at + vec2(0.0, uTexel.y)).rgb + texture(layer, at - vec2(0.0, uTexel.y)).rgb;
  return dot(sum / 6.0, REC709);
}

vec3 picture(sampler2D fgLayer, sampler2D bgLayer, bool hasBg) {
  if (!hasBg) return texture(fgLayer, place(uv, vec2(0.0), 1.0)).rgb;
  vec2 fgAt = place(uv, uFgShift, uFgScale);
  vec3 fg = texture(fgLayer, fgAt).rgb;
  vec3 bg = texture(bgLayer, place(uv, uBgShift, uBgScale)).rgb;
  if (uBlend == 1) return 1.0 - (1.0 - fg) * (1.0 - 0.85 * bg);
  if (uBlend == 2) return max(fg, 0.85 * bg);
  float alpha = smoothstep(0.05, 0.55, softLuma(fgLayer, fgAt, fg));
  // Dark foreground still glows a little, so that faint lines are not lost.
  return min(vec3(1.0), mix(0.72 * bg + 0.5 * fg, fg, alpha));
}

void main() {
  vec3 shown = uFade > 0.0 ? picture(uFg, uBg, uHasBg) : vec3(0.0);
  if (uFade < 1.0) shown = mix(picture(uFgOld, uBgOld, uHasBgOld), shown, uFade);
  colour = vec4(shown * uLight, 1.0);
}`;

const UNIFORMS = [
  "uFg", "uBg", "uFgOld", "uBgOld", "uHasBg", "uHasBgOld", "uBlend", "uFade", "uLight",
  "uFgShift", "uBgShift", "uFgScale", "uBgScale", "uTexel",
] as const;

type Uniform = (typeof UNIFORMS)[number];

/** The two pictures of one deck, as they were last uploaded. */
export interface DeckTextures {
  fg: WebGLTexture;
  bg: WebGLTexture;
  hasBackground: boolean;
}

export interface FrameDescription {
  onAir: DeckTextures;
  outgoing: DeckTextures | null;
  /** 0 to 1, from outgoing to on air. */
  fade: number;
  /** 0 to 1. */
  light: number;
  coupling: CouplingUniforms;
  layerSize: { width: number; height: number };
}

const BLEND_NUMBER: Record<Blend, number> = { luma: 0, screen: 1, lighten: 2 };
/** Frames the GPU may be behind before the stage waits for it; more only adds delay. */
const FRAMES_IN_FLIGHT = 2;

interface Readback {
  buffer: WebGLBuffer;
  fence: WebGLSync;
  done(pixels: Uint8Array): void;
}

export class Compositor {
  private readonly gl: WebGL2RenderingContext;
  private readonly uniforms: Record<Uniform, WebGLUniformLocation | null>;
  private readonly sampleBuffer: WebGLFramebuffer;
  private readonly fences: WebGLSync[] = [];
  private readonly readbacks: Readback[] = [];

  /** @throws Error when the browser has no WebGL 2. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly blend: Blend,
  ) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, stencil: false });
    if (gl === null) throw new Error("this browser offers no WebGL 2; turn on graphics acceleration");
    this.gl = gl;
    const program = link(gl);
    gl.useProgram(program);
    this.uniforms = Object.fromEntries(
      UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
    ) as Record<Uniform, WebGLUniformLocation | null>;
    const units: [Uniform, number][] = [["uFg", 0], ["uBg", 1], ["uFgOld", 2], ["uBgOld", 3]];
    for (const [name, unit] of units) gl.uniform1i(this.uniforms[name], unit);
    gl.bindVertexArray(gl.createVertexArray());
    const target = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, target);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, SAMPLE_WIDTH, SAMPLE_HEIGHT);
    this.sampleBuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.sampleBuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, target, 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  get lost(): boolean {
    return this.gl.isContextLost();
  }

  createTextures(): DeckTextures {
    return { fg: this.createTexture(), bg: this.createTexture(), hasBackground: false };
  }

  upload(texture: WebGLTexture, picture: TexImageSource): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
  }

  resize(width: number, height: number): void {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  /** Whether the GPU has caught up; when not, drawing another frame would only add delay. */
  get ready(): boolean {
    const { gl } = this;
    while (this.fences.length > 0) {
      const fence = this.fences[0] as WebGLSync;
      if (gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) break;
      gl.deleteSync(fence);
      this.fences.shift();
    }
    return this.fences.length < FRAMES_IN_FLIGHT;
  }

  draw(frame: FrameDescription): void {
    const { gl } = this;
    this.bind(frame);
    gl.uniform1f(this.uniforms.uLight, frame.light);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (fence !== null) this.fences.push(fence);
    gl.flush();
  }

  /**
   * Draw the same frame small and hand over its pixels some frames later, without waiting for them.
   * Blackout does not count: the daemon must not take it for a preset gone dark.
   */
  sample(frame: FrameDescription, done: (pixels: Uint8Array) => void): void {
    const { gl } = this;
    this.bind(frame);
    gl.uniform1f(this.uniforms.uLight, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.sampleBuffer);
    gl.viewport(0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, SAMPLE_WIDTH * SAMPLE_HEIGHT * 4, gl.STREAM_READ);
    gl.readPixels(0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT, gl.RGBA, gl.UNSIGNED_BYTE, 0);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (fence === null) gl.deleteBuffer(buffer);
    else this.readbacks.push({ buffer, fence, done });
  }

  /** Hand over the samples that have arrived. Call once a frame. */
  collect(): void {
    const { gl } = this;
    for (;;) {
      const first = this.readbacks[0];
      if (first === undefined || gl.getSyncParameter(first.fence, gl.SYNC_STATUS) !== gl.SIGNALED) return;
      this.readbacks.shift();
      const pixels = new Uint8Array(SAMPLE_WIDTH * SAMPLE_HEIGHT * 4);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, first.buffer);
      gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
      gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
      gl.deleteSync(first.fence);
      gl.deleteBuffer(first.buffer);
      first.done(pixels);
    }
  }

  private bind({ onAir, outgoing, fade, coupling, layerSize }: FrameDescription): void {
    const { gl, uniforms } = this;
    const old = outgoing ?? onAir;
    for (const [unit, texture] of [onAir.fg, onAir.bg, old.fg, old.bg].entries()) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    }
    gl.uniform1i(uniforms.uHasBg, Number(onAir.hasBackground));
    gl.uniform1i(uniforms.uHasBgOld, Number(old.hasBackground));
    gl.uniform1i(uniforms.uBlend, BLEND_NUMBER[this.blend]);
    gl.uniform1f(uniforms.uFade, outgoing === null ? 1 : fade);
    gl.uniform2f(uniforms.uFgShift, coupling.fgShift[0], coupling.fgShift[1]);
    gl.uniform2f(uniforms.uBgShift, coupling.bgShift[0], coupling.bgShift[1]);
    gl.uniform1f(uniforms.uFgScale, coupling.fgScale);
    gl.uniform1f(uniforms.uBgScale, coupling.bgScale);
    gl.uniform2f(uniforms.uTexel, 1.5 / layerSize.width, 1.5 / layerSize.height);
  }

  private createTexture(): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array([0, 0, 0, 255]));
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    // Parallax looks over the edge; a mirrored picture has no seam there.
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.MIRRORED_REPEAT);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.MIRRORED_REPEAT);
    return texture;
  }
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind) as WebGLShader;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (gl.getShaderParameter(shader, gl.COMPILE_STATUS) !== true) {
      throw new Error(`the compositor's shader does not compile: ${gl.getShaderInfoLog(shader) ?? ""}`);
    }
  }
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true) {
    throw new Error(`the compositor's shader does not link: ${gl.getProgramInfoLog(program) ?? ""}`);
  }
  return program;
}
