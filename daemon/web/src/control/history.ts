/** The last 20 picks, newest first, with what became of each. */

import type { OutcomeRecord, PickRecord } from "../client/index.js";
import { byId, make } from "./dom.js";
import { clockTime, failureInWords, outcomeInWords, presetName, titleOf, whyInWords } from "./words.js";

const KEEP = 20;

export class History {
  private readonly records: PickRecord[] = [];
  private readonly outcomes = new Map<number, OutcomeRecord>();
  private readonly list = byId("history");

  clear(): void {
    this.records.length = 0;
    this.outcomes.clear();
    this.render(null);
  }

  add(record: PickRecord): void {
    if (this.records.some((known) => known.seq === record.seq)) return;
    this.records.push(record);
    this.records.sort((a, b) => a.seq - b.seq);
    const dropped = this.records.length > KEEP ? this.records.shift() : undefined;
    if (dropped !== undefined) this.outcomes.delete(dropped.seq);
  }

  outcome(record: OutcomeRecord): void {
    // A failure on one of several stages must stay visible after another stage has shown it.
    if (this.outcomes.get(record.seq)?.outcome === "failed") return;
    this.outcomes.set(record.seq, record);
  }

  bySeq(seq: number | undefined): PickRecord | null {
    return this.records.find((record) => record.seq === seq) ?? null;
  }

  render(nowSeq: number | null): void {
    const rows = [...this.records].reverse().map((record) => {
      const outcome = this.outcomes.get(record.seq);
      const { words, tone } = outcomeInWords(outcome, record.seq === nowSeq);
      const item = make("li", record.seq === nowSeq ? "current" : "");
      if (record.seq === nowSeq) item.setAttribute("aria-current", "true");
      const pick = { kind: record.kind, pair: record.pair ?? null, fgUrl: record.fgUrl };
      item.append(
        make("time", "", clockTime(record.timeSec)),
        make("span", "history-title", titleOf(pick)),
        make("span", `outcome ${tone}`, words),
        make("span", "history-why", outcome?.outcome === "failed" ? failureInWords(outcome.reason) : whyInWords(record)),
      );
      item.title = [record.fgUrl, record.bgUrl]
        .filter((url): url is string => url !== null)
        .map(presetName)
        .join("\n");
      return item;
    });
    this.list.replaceChildren(...rows);
  }
}
