/** Messages that come and go; the same one twice is one line with a count. */

import { byId, make } from "./dom.js";

export type Tone = "error" | "warning" | "note";

const STAY_MS: Readonly<Record<Tone, number>> = { error: 9000, warning: 7000, note: 3500 };
const MOST = 4;

interface Toast {
  element: HTMLElement;
  count: HTMLElement;
  times: number;
  timer: number;
}

export class Toasts {
  private readonly shown = new Map<string, Toast>();
  private readonly region = byId("toasts");

  say(message: string, tone: Tone): void {
    const known = this.shown.get(message);
    if (known !== undefined) {
      known.times += 1;
      known.count.textContent = `\u00d7${known.times}`;
      clearTimeout(known.timer);
      known.timer = this.timer(message, tone);
      return;
    }
    const element = make("p", `toast ${tone}`);
    const count = make("span", "toast-count");
    element.append(make("span", "toast-text", message), count);
    element.addEventListener("click", () => this.remove(message));
    this.region.append(element);
    this.shown.set(message, { element, count, times: 1, timer: this.timer(message, tone) });
    const oldest = this.shown.keys().next();
    if (this.shown.size > MOST && oldest.done !== true) this.remove(oldest.value);
  }

  private timer(message: string, tone: Tone): number {
    return window.setTimeout(() => this.remove(message), STAY_MS[tone]);
  }

  private remove(message: string): void {
    const toast = this.shown.get(message);
    if (toast === undefined) return;
    clearTimeout(toast.timer);
    toast.element.remove();
    this.shown.delete(message);
  }
}
