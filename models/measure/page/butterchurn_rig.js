// The default rig: butterchurn, as the stage page runs it. See docs/packs.md for the rig protocol.
import butterchurn from "./butterchurn.js";

const link = WebGL2RenderingContext.prototype.linkProgram;
let faults = [];
WebGL2RenderingContext.prototype.linkProgram = function (program) {
  link.call(this, program);
  // butterchurn never says so: a shader that does not link leaves a picture without it.
  if (!this.getProgramParameter(program, this.LINK_STATUS)) {
    faults.push(`shader does not link: ${(this.getProgramInfoLog(program) || "").split("\n")[0].slice(0, 120)}`);
  }
};

// butterchurn decodes its own pictures in the background; which frame they arrive at would be chance.
const PlainImage = window.Image;
let loading = [];
window.Image = function () {
  const image = new PlainImage();
  loading.push(new Promise((done) => ["load", "error"].forEach((kind) => image.addEventListener(kind, done))));
  return image;
};

let visualizer = null;
let pixels = null;
let size = null;

function end() {
  visualizer?.gl.getExtension("WEBGL_lose_context")?.loseContext();
  visualizer = null;
}

window.aivjdRig = {
  describe: () => ({ renderer: "butterchurn", protocol: 1 }),

  // A new context for each preset: what the one before left on the screen would be fed back into it.
  load: async (text, { width, height, seed }) => {
    end();
    faults = [];
    window.clock = 0;
    window.reseed(seed);
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const options = { width, height, meshWidth: 32, meshHeight: 24, onlyUseWASM: true };
    loading = [];
    visualizer = butterchurn.createVisualizer(null, canvas, options);
    await Promise.all(loading);
    // A listener may run before butterchurn's own: let that one run, too.
    await new Promise((done) => setTimeout(done, 0));
    size = { width, height };
    pixels = new Uint8Array(width * height * 4);
    // The same chance for every preset, however much of it making the noise textures has used up.
    window.reseed(seed);
    await visualizer.loadPreset(JSON.parse(text), 0);
    return faults;
  },

  frame: (wave, seconds) => {
    window.clock += seconds * 1000;
    const audioLevels = { timeByteArray: wave, timeByteArrayL: wave, timeByteArrayR: wave };
    visualizer.render({ audioLevels, elapsedTime: seconds });
  },

  read: () => {
    const { gl } = visualizer;
    gl.readPixels(0, 0, size.width, size.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return pixels;
  },

  faults: () => faults,
  end,
};
