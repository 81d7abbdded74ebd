// ---- which part of the session is shown ----

const SHORTEST = 1; // second

class View {
  constructor(first, end) {
    this.first = first;
    this.end = end;
    this.from = first;
    this.to = end;
    this.listeners = [];
  }

  get span() {
    return this.to - this.from;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** Show from here to there, as far as there is something. */
  set(from, to) {
    const all = this.end - this.first;
    const span = Math.min(Math.max(to - from, Math.min(SHORTEST, all)), all);
    const centre = (from + to) / 2;
    const start = Math.min(Math.max(to - from === span ? from : centre - span / 2, this.first), this.end - span);
    if (start === this.from && start + span === this.to) return;
    this.from = start;
    this.to = start + span;
    for (const listener of this.listeners) listener();
  }

  /** factor below 1: nearer; `at` stays where it is. */
  zoom(factor, at = (this.from + this.to) / 2) {
    const all = this.end - this.first;
    const span = Math.min(Math.max(this.span * factor, Math.min(SHORTEST, all)), all);
    const share = (at - this.from) / this.span;
    this.set(at - share * span, at - share * span + span);
  }

  pan(seconds) {
    const by = Math.min(Math.max(seconds, this.first - this.from), this.end - this.to);
    this.set(this.from + by, this.to + by);
  }

  whole() {
    this.set(this.first, this.end);
  }

  /** Bring a stretch into sight without changing the scale. */
  reveal(from, to) {
    const margin = 0.06 * this.span;
    if (from >= this.from + margin && Math.min(to, from + this.span / 2) <= this.to - margin) return;
    if (from >= this.from && to <= this.to) return;
    this.set(from - this.span / 3, from + (2 * this.span) / 3);
  }
}
