/** The control page: what the operator needs at 2 a.m. All state lives in the daemon; this is a view. */

import "./control.css";
import { AivjClient, defaultUrl, tokenOf } from "../client/index.js";
import type { DaemonState, PreparedPick } from "../client/index.js";
import { Hearing } from "./hearing.js";
import { History } from "./history.js";
import { PickView } from "./pick-view.js";
import { Status } from "./status.js";
import { Toasts } from "./toasts.js";
import { Transport } from "./transport.js";
import { clockTime, countdown, failureInWords } from "./words.js";

const client = new AivjClient({
  role: "control",
  name: "control page",
  url: defaultUrl(location),
  token: tokenOf(location),
  snapshotHz: 30,
  audio: true, // for the spectrum
});
const toasts = new Toasts();
const status = new Status(client);
const hearing = new Hearing(client);
const transport = new Transport(client, (message) => toasts.say(message, "error"));
const history = new History();
const nowView = new PickView("now");
const nextView = new PickView("next");
const prepared = new Map<number, PreparedPick>();
let state: DaemonState | null = null;
let onAirSinceMs: number | null = null;
let warned = new Set<string>();

function refresh(): void {
  const nowSeq = state?.now?.seq;
  const nextSeq = state?.next?.seq;
  nowView.show(history.bySeq(nowSeq), prepared.get(nowSeq ?? -1) ?? null);
  nextView.show(history.bySeq(nextSeq), prepared.get(nextSeq ?? -1) ?? null);
  history.render(nowSeq ?? null);
}

function remember(pick: PreparedPick | null): void {
  if (pick === null) return;
  prepared.set(pick.seq, pick);
  for (const seq of prepared.keys()) if (prepared.size > 20) prepared.delete(seq);
}

client.on("phase", ({ phase }) => status.setPhase(phase));
client.on("hello", ({ hello, resumed }) => {
  if (!resumed) {
    history.clear();
    prepared.clear();
  }
  transport.setVocabulary(hello.vocabulary);
  onAirSinceMs = hello.current?.activateAtMs ?? null;
  for (const outcome of hello.outcomes ?? []) history.outcome(outcome);
  remember(hello.current);
  remember(hello.next);
});
client.on("state", (changed) => {
  state = changed;
  status.setState(changed);
  transport.setState(changed);
  const { warnings } = changed;
  for (const warning of warnings) if (!warned.has(warning)) toasts.say(warning, "warning");
  warned = new Set(warnings);
  refresh();
});
client.on("pick", (record) => {
  history.add(record);
  refresh();
});
client.on("prepare", remember);
client.on("activate", (activation) => {
  onAirSinceMs = activation.atMs;
});
client.on("outcome", (outcome) => {
  history.outcome(outcome);
  if (outcome.outcome === "failed") toasts.say(`Pick ${outcome.seq} failed: ${failureInWords(outcome.reason)}`, "warning");
  refresh();
});
client.on("error", (message) => toasts.say(message, "error"));

function showWhen(nowMs: number): void {
  const next = state?.next ?? null;
  const held = state?.hold === true;
  if (next === null || held) nextView.setWhen(held ? "held" : "not chosen yet", false);
  else nextView.setWhen(countdown((client.clock.toPage(next.activateAtMs) - nowMs) / 1000, hearing.trustedBpm), true);
  const onAir = state?.now != null && onAirSinceMs !== null;
  nowView.setWhen(onAir ? `for ${clockTime((nowMs - client.clock.toPage(onAirSinceMs ?? 0)) / 1000)}` : "", false);
}

function frame(nowMs: number): void {
  requestAnimationFrame(frame);
  hearing.draw(nowMs);
  showWhen(nowMs);
}

setInterval(() => status.tick(), 1000);
requestAnimationFrame(frame);
client.connect();
