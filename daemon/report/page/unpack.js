// ---- the data blocks of this file ----

/** Bytes of a data block, inflated; null where there is none. */
async function inflated(id) {
  const block = document.getElementById(id);
  if (block === null) return null;
  const text = atob(block.textContent);
  block.remove();
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** Beats as columns: seconds, BPM, flags, source. */
function unpackBeats(buffer, count, first) {
  const steps = new Int32Array(buffer.slice(0, 4 * count));
  const tempo = new Uint16Array(buffer.slice(4 * count, 6 * count));
  const at = new Float64Array(count);
  let ticks = 0;
  for (let i = 0; i < count; i++) at[i] = first + (ticks += steps[i]) / 10000;
  return {
    count,
    at,
    tempo,
    flags: new Uint8Array(buffer.slice(6 * count, 7 * count)),
    sources: new Uint8Array(buffer.slice(7 * count, 8 * count)),
  };
}

/** Planes of `levels.planes`: the mean as steps, the ends as distances from it. */
function unpackLevels(buffer, about, first) {
  const all = new Uint8Array(buffer);
  const { bins, seconds, fields } = about;
  let place = 0;
  const found = {};
  for (const [name, low, high, stats] of fields) {
    const planes = {};
    for (const stat of stats) {
      const plane = all.slice(place, (place += bins));
      if (stat === "mean") for (let i = 1; i < bins; i++) plane[i] += plane[i - 1];
      else for (let i = 0; i < bins; i++) plane[i] = stat === "min" ? planes.mean[i] - plane[i] : planes.mean[i] + plane[i];
      planes[stat] = plane;
    }
    found[name] = new Pyramid(planes, seconds, first, low, high);
  }
  return found;
}
