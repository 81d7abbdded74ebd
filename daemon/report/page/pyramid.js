// ---- one curve at every resolution ----

class Pyramid {
  /** planes: uint8 `mean`, perhaps `min` and `max`, a bin every `seconds` from `first` on. */
  constructor(planes, seconds, first, low, high) {
    this.first = first;
    this.low = low;
    this.high = high;
    let level = { mean: planes.mean, min: planes.min ?? planes.mean, max: planes.max ?? planes.mean, seconds };
    this.levels = [level];
    while (level.mean.length > 256) this.levels.push((level = halved(level)));
    /** Largest share anywhere. */
    this.most = level.max.reduce((most, value) => Math.max(most, value), 1) / 255;
  }

  /** The coarsest level that still has a bin for every so many seconds. */
  level(seconds) {
    let found = this.levels[0];
    for (const level of this.levels) if (level.seconds <= seconds) found = level;
    return found;
  }

  /** Shares 0 to 1 of what lies between two moments, into `out`; false where there is nothing. */
  between(level, from, to, out) {
    const count = level.mean.length;
    const start = (from - this.first) / level.seconds;
    const end = (to - this.first) / level.seconds;
    if (end <= 0 || start >= count) return false;
    if (end - start < 1) {
      // Deep inside a bin: a straight line from centre to centre.
      const centre = Math.min(Math.max((start + end) / 2 - 0.5, 0), count - 1);
      const left = Math.floor(centre);
      const right = Math.min(left + 1, count - 1);
      const share = centre - left;
      for (const stat of ["mean", "min", "max"]) out[stat] = ((1 - share) * level[stat][left] + share * level[stat][right]) / 255;
      return true;
    }
    const left = Math.max(0, Math.floor(start));
    const right = Math.min(count, Math.max(left + 1, Math.ceil(end)));
    let [sum, min, max] = [0, 255, 0];
    for (let i = left; i < right; i++) {
      sum += level.mean[i];
      if (level.min[i] < min) min = level.min[i];
      if (level.max[i] > max) max = level.max[i];
    }
    out.mean = sum / (right - left) / 255;
    out.min = min / 255;
    out.max = max / 255;
    return true;
  }

  /** The value itself at a moment, in its own unit; null outside. */
  value(at) {
    const level = this.levels[0];
    const bin = Math.floor((at - this.first) / level.seconds);
    if (bin < 0 || bin >= level.mean.length) return null;
    return this.low + ((this.high - this.low) * level.mean[bin]) / 255;
  }
}

function halved({ mean, min, max, seconds }) {
  const count = Math.ceil(mean.length / 2);
  const next = { mean: new Uint8Array(count), min: new Uint8Array(count), max: new Uint8Array(count), seconds: 2 * seconds };
  for (let i = 0; i < count; i++) {
    const [left, right] = [2 * i, Math.min(2 * i + 1, mean.length - 1)];
    next.mean[i] = (mean[left] + mean[right] + 1) >> 1;
    next.min[i] = Math.min(min[left], min[right]);
    next.max[i] = Math.max(max[left], max[right]);
  }
  return next;
}

/** First place in a sorted list where `of(item)` is at least `value`. */
function lowerBound(list, value, of = (item) => item) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
