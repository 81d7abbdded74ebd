// Runs one job in a page that has a rig, and gives integers: sums over all pixels of a frame.
// What they mean is in models/measure/metrics.py. Nothing here is rounded, so order does not matter.
window.aivjdMeasure = async (text, job) => {
  const { width, height, frames, seconds, thumbs } = job;
  const waves = Uint8Array.from(atob(job.wave), (c) => c.charCodeAt(0));
  const samples = waves.length / frames;
  const base64 = (bytes) => {
    let out = "";
    for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(out);
  };
  const rig = window.aivjdRig;
  const result = { fault: "", detail: "", series: [], thumbs: [] };
  const began = Date.now();
  try {
    await rig.load(text, { width, height, seed: job.seed });
  } catch (error) {
    rig.end();
    return { ...result, fault: "preset-load-failed", detail: String(error).slice(0, 200) };
  }
  const count = width * height;
  let luma = new Int32Array(count);
  let before = new Int32Array(count);
  try {
    for (let frame = 0; frame < frames; frame += 1) {
      rig.frame(waves.subarray(frame * samples, (frame + 1) * samples), seconds);
      const pixels = rig.read();
      if (frame === 0) result.firstMs = Date.now() - began;
      const sum = { luma: 0, motion: 0, r: 0, g: 0, b: 0, saturation: 0, edges: 0, dark: 0, bright: 0 };
      const tiles = new Array(16).fill(0);
      for (let i = 0, p = 0; i < count; i += 1, p += 4) {
        const r = pixels[p];
        const g = pixels[p + 1];
        const b = pixels[p + 2];
        const y = 54 * r + 183 * g + 19 * b;
        luma[i] = y;
        sum.luma += y;
        sum.motion += Math.abs(y - before[i]);
        sum.r += r;
        sum.g += g;
        sum.b += b;
        sum.saturation += Math.max(r, g, b) - Math.min(r, g, b);
        sum.dark += y < 1280 ? 1 : 0;
        sum.bright += y > 64000 ? 1 : 0;
        const x = i % width;
        const row = (i - x) / width;
        if (x > 0) sum.edges += Math.abs(y - luma[i - 1]);
        if (row > 0) sum.edges += Math.abs(y - luma[i - width]);
        tiles[4 * Math.floor((4 * row) / height) + Math.floor((4 * x) / width)] += y;
      }
      result.series.push([...Object.values(sum), ...tiles]);
      if (thumbs.includes(frame)) result.thumbs.push(base64(pixels));
      [luma, before] = [before, luma];
    }
    const faults = rig.faults();
    if (faults.length > 0) Object.assign(result, { fault: "render-failed", detail: faults[0] });
  } catch (error) {
    Object.assign(result, { fault: "probe-error", detail: String(error).slice(0, 200) });
  }
  rig.end();
  return result;
};
