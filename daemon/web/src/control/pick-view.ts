/** The cards NOW and NEXT: what, why, and what weighed how much. */

import type { PickRecord, PreparedPick } from "../client/index.js";
import { byId, make, setText } from "./dom.js";
import { factorInWords, oddsInWords, percent, presetName, titleOf, whyInWords } from "./words.js";

/** Rows are laid out once and stay: a card never changes its height. */
const FACTOR_ROWS = 7;
const RUNNERS_UP = 3;
/** Below this a factor is what kept others away; it is drawn in another colour. */
const LOW = 0.5;

interface FactorRow {
  row: HTMLElement;
  name: HTMLElement;
  fill: HTMLElement;
  value: HTMLElement;
}

export class PickView {
  private readonly title = make("p", "pick-title", "\u2013");
  private readonly when = make("p", "pick-when");
  private readonly fg = make("p", "preset");
  private readonly bg = make("p", "preset");
  private readonly reason = make("p", "reason");
  private readonly odds = make("p", "odds");
  private readonly others = make("p", "odds");
  private readonly rows: FactorRow[] = [];

  constructor(id: string) {
    const factors = make("div", "factors");
    for (let i = 0; i < FACTOR_ROWS; i++) {
      const row = make("div", "factor");
      const name = make("span", "factor-name");
      const track = make("span", "track");
      const fill = track.appendChild(make("i", "fill"));
      const value = make("span", "value");
      row.append(name, track, value);
      factors.append(row);
      this.rows.push({ row, name, fill, value });
    }
    byId(id).append(this.when, this.title, this.fg, this.bg, this.reason, factors, this.odds, this.others);
  }

  /** @param counting whether the moment is fixed: then it is worth a glance. */
  setWhen(text: string, counting: boolean): void {
    setText(this.when, text);
    this.when.classList.toggle("counting", counting);
  }

  /** `record` is the evidence; `prepared` is enough for the names while it is missing. */
  show(record: PickRecord | null, prepared: PreparedPick | null): void {
    const pick = record ?? prepared;
    if (pick === null) {
      setText(this.title, "\u2013");
      for (const line of [this.fg, this.bg, this.reason, this.odds, this.others]) setText(line, "");
      this.showFactors({});
      return;
    }
    const asPrepared = { kind: pick.kind, pair: pick.pair ?? null, fgUrl: pick.fgUrl };
    setText(this.title, titleOf(asPrepared));
    this.layer(this.fg, pick.kind === "pair" ? "front" : "preset", presetName(pick.fgUrl));
    this.layer(this.bg, "back", pick.bgUrl === null ? "" : presetName(pick.bgUrl));
    setText(this.reason, record === null ? "" : whyInWords(record));
    setText(this.odds, record === null ? "" : oddsInWords(record));
    setText(this.others, record === null ? "" : runnersUpInWords(record));
    this.showFactors(record?.factors ?? {});
  }

  private layer(line: HTMLElement, role: string, name: string): void {
    line.replaceChildren(...(name === "" ? [] : [make("span", "layer", role), document.createTextNode(name)]));
    line.title = name;
  }

  private showFactors(factors: Record<string, number>): void {
    const entries = Object.entries(factors).slice(0, FACTOR_ROWS);
    const most = Math.max(1, ...entries.map(([, value]) => value));
    for (const [index, { row, name, fill, value }] of this.rows.entries()) {
      const entry = entries[index];
      row.classList.toggle("empty", entry === undefined);
      const [key, factor] = entry ?? ["", 0];
      setText(name, entry === undefined ? "" : factorInWords(key));
      setText(value, entry === undefined ? "" : factor.toFixed(2));
      fill.style.transform = `scaleX(${Math.min(1, Math.max(0, factor / most)).toFixed(3)})`;
      fill.classList.toggle("low", factor < LOW);
    }
  }
}

function runnersUpInWords(record: PickRecord): string {
  const total = record.totalWeight ?? 0;
  const others = (record.runnersUp ?? []).slice(0, RUNNERS_UP);
  if (others.length === 0 || total <= 0) return "";
  return `else ${others.map(({ id, weight }) => `${String(id)} ${percent(weight / total)}`).join(", ")}`;
}
