/** Buttons, selects, sliders: everything that sends a command. */

import type { AivjClient, CommandArgument, DaemonState, Verb } from "../client/index.js";
import { argumentOf, KEY_BINDINGS, verbOfKey } from "../keys.js";
import { byId, make, setText } from "./dom.js";
import { signed } from "./words.js";

interface ButtonDescription {
  verb: string;
  label: string;
  className?: string;
  toggle?: boolean;
}

const BUTTONS: readonly ButtonDescription[] = [
  { verb: "back", label: "Back" },
  { verb: "hold", label: "Hold", className: "hold", toggle: true },
  { verb: "next", label: "Next", className: "primary" },
  { verb: "blackout", label: "Blackout", className: "danger", toggle: true },
  { verb: "calm", label: "Calm" },
  { verb: "tap", label: "Tap" },
  { verb: "downbeat", label: "One" },
  { verb: "half", label: "Half" },
  { verb: "double", label: "Double" },
];

/** A slider sends at most this often while it is dragged. */
const SLIDE_EVERY_MS = 100;
/** After the hand left a slider, the daemon's echo may still be of an older value. */
const SETTLE_MS = 800;

export class Transport {
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly sliders: Slider[];
  private readonly selects: Record<"mode" | "kind" | "pack", HTMLSelectElement>;
  private state: DaemonState | null = null;

  constructor(
    private readonly client: AivjClient,
    private readonly complain: (message: string) => void,
  ) {
    const row = byId("transport");
    for (const description of BUTTONS) row.append(this.button(description));
    // Beside the word "recording", since it has nothing to do with what is shown.
    byId("recording").after(this.button({ verb: "save", label: "Save", className: "chip" }));
    this.selects = {
      mode: this.select("mode"),
      kind: this.select("kind"),
      pack: this.select("pack"),
    };
    fillSelect(this.selects.mode, ["weighted", "random", "shuffle", "public_v0"]);
    fillSelect(this.selects.kind, ["pair", "preset"]);
    this.sliders = [
      new Slider("sensitivity", (value) => signed(value, 1, "dB"), (value) => this.send("sensitivity", value)),
      new Slider("energy", (value) => signed(value, 2), (value) => this.send("energy", value)),
    ];
    addEventListener("keydown", (event) => this.key(event));
  }

  /** Take ranges, choices and explanations from the daemon; what it does not know is switched off. */
  setVocabulary(verbs: readonly Verb[]): void {
    const known = new Map(verbs.map((verb) => [verb.name, verb]));
    for (const [name, button] of this.buttons) {
      button.disabled = known.size > 0 && !known.has(name);
      button.title = known.get(name)?.what ?? "";
    }
    for (const name of ["mode", "kind"] as const) {
      const choices = known.get(name)?.choices;
      if (choices !== undefined && choices.length > 0) fillSelect(this.selects[name], choices);
    }
    for (const slider of this.sliders) slider.setRange(known.get(slider.verb));
  }

  setState(state: DaemonState): void {
    this.state = state;
    for (const { verb, toggle } of BUTTONS) {
      if (toggle !== true) continue;
      this.buttons.get(verb)?.setAttribute("aria-pressed", String(state[verb as "hold" | "blackout"]));
    }
    fillSelect(this.selects.pack, state.packs);
    choose(this.selects.mode, state.mode);
    choose(this.selects.kind, state.kind);
    choose(this.selects.pack, state.pack);
    this.sliders[0]?.setValue(state.sensitivityDb);
    this.sliders[1]?.setValue(state.energyBias);
    document.body.classList.toggle("blackout", state.blackout);
  }

  private button({ verb, label, className, toggle }: ButtonDescription): HTMLButtonElement {
    const button = make("button", className ?? "");
    button.type = "button";
    button.append(make("span", "label", label));
    const key = KEY_BINDINGS.find((binding) => binding.verb === verb);
    if (key !== undefined) {
      const hint = button.appendChild(make("kbd", "", key.label));
      hint.setAttribute("aria-hidden", "true");
      button.setAttribute("aria-keyshortcuts", key.keys.map(shortcutName).join(" "));
    }
    if (toggle === true) button.setAttribute("aria-pressed", "false");
    // A tap is timed when the finger comes down, not when it leaves.
    if (verb === "tap") {
      button.addEventListener("pointerdown", () => this.send(verb));
      button.addEventListener("click", (event) => {
        if (event.detail === 0) this.send(verb); // by keyboard
      });
    } else button.addEventListener("click", () => this.send(verb, argumentOf(verb, this.state)));
    this.buttons.set(verb, button);
    return button;
  }

  private select(verb: "mode" | "kind" | "pack"): HTMLSelectElement {
    const select = byId<HTMLSelectElement>(verb);
    select.addEventListener("change", () => this.send(verb, select.value));
    return select;
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement | null;
    if (target?.matches("select, input") === true && !["n", "b", "t", "c", "h", "d", "s"].includes(event.key)) return;
    if (target?.matches("select") === true) return;
    const verb = verbOfKey(event);
    if (verb === null) return;
    // Also keeps space from pressing the focused button a second time.
    event.preventDefault();
    const button = this.buttons.get(verb);
    if (button?.disabled === true) return;
    button?.classList.add("struck");
    setTimeout(() => button?.classList.remove("struck"), 120);
    this.send(verb, argumentOf(verb, this.state));
  }

  private send(verb: string, argument?: CommandArgument): void {
    this.client
      .command(verb, argument)
      .then((reply) => {
        if (!reply.ok) this.complain(reply.message || `${verb} was refused`);
      })
      .catch((error: unknown) => this.complain(error instanceof Error ? error.message : String(error)));
  }
}

class Slider {
  private readonly input: HTMLInputElement;
  private readonly output: HTMLElement;
  private touchedMs = Number.NEGATIVE_INFINITY;
  private sentMs = Number.NEGATIVE_INFINITY;
  private timer = 0;

  constructor(
    readonly verb: string,
    private readonly inWords: (value: number) => string,
    private readonly send: (value: number) => void,
  ) {
    this.input = byId<HTMLInputElement>(verb);
    this.output = byId(`${verb}-value`);
    this.input.addEventListener("input", () => this.moved());
    this.input.addEventListener("dblclick", () => {
      this.input.value = "0";
      this.moved();
    });
    this.write();
  }

  setRange(verb: Verb | undefined): void {
    if (verb?.low === undefined && verb?.high === undefined) return;
    this.input.min = String(verb.low ?? 0);
    this.input.max = String(verb.high ?? 0);
  }

  /** The daemon's value, unless a hand is on the slider. */
  setValue(value: number): void {
    if (performance.now() - this.touchedMs < SETTLE_MS) return;
    this.input.value = String(value);
    this.write();
  }

  private moved(): void {
    this.touchedMs = performance.now();
    this.write();
    clearTimeout(this.timer);
    const wait = Math.max(0, this.sentMs + SLIDE_EVERY_MS - performance.now());
    this.timer = window.setTimeout(() => {
      this.sentMs = performance.now();
      this.send(Number(this.input.value));
    }, wait);
  }

  private write(): void {
    const text = this.inWords(Number(this.input.value));
    setText(this.output, text);
    this.input.setAttribute("aria-valuetext", text);
  }
}

function fillSelect(select: HTMLSelectElement, values: readonly string[]): void {
  if ([...select.options].map((option) => option.value).join("\n") === values.join("\n")) return;
  const chosen = select.value;
  select.replaceChildren(...values.map((value) => new Option(value, value)));
  choose(select, chosen);
}

function choose(select: HTMLSelectElement, value: string): void {
  if (document.activeElement === select && select.matches(":open")) return;
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

function shortcutName(key: string): string {
  return key === " " ? "Space" : key.replace(/^arrow(.)/, (_, letter: string) => `Arrow${letter.toUpperCase()}`);
}
