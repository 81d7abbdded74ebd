// ---- one pick: why it was chosen, and what became of it ----

function showDetail(place, session, pick, step) {
  place.scrollTop = 0;
  if (pick === null) {
    place.replaceChildren(
      make("h2", "", "Why?"),
      make("p", "odds", "Choose a pick on the timeline or in the table, or press → : why it was chosen, what else could have been, and what the browsers answered."),
    );
    return;
  }
  const stayed = pick.shown ? ` · for ${seconds(pick.off - pick.on)}` : "";
  const when = make("p", "when", make("span", "", `Pick ${pick.seq} · ${clock(pick.moment, 1)}${stayed}`), make("span", "", wallClock(session, pick.moment)));
  const parts = [when, make("h2", "", pick.title)];
  const role = pick.bg === "" ? "preset" : "front";
  parts.push(make("p", "layer", make("span", "", role), pick.fg));
  if (pick.bg !== "") parts.push(make("p", "layer", make("span", "", "back"), pick.bg));
  parts.push(make("p", "reason", pick.words.why), make("p", "odds", pick.words.odds));
  if (pick.words.else !== "") parts.push(make("p", "odds", pick.words.else));
  parts.push(...factorBars(pick), ...runnersUp(pick), ...answers(session, pick), rest(pick), nav(session, pick, step));
  place.replaceChildren(...parts);
}

function factorBars(pick) {
  const notes = new Map(pick.words.notes.map(([name, what, others]) => [name, { what, others }]));
  const entries = Object.entries(pick.factors);
  if (entries.length === 0) return [];
  const most = Math.max(1, ...entries.map(([, value]) => value), ...[...notes.values()].map((note) => note.others ?? 0));
  // First what made a difference.
  entries.sort(([a], [b]) => notes.has(b) - notes.has(a));
  const telling = entries.filter(([name, value]) => notes.has(name) || value !== 1);
  const silent = entries.filter(([name, value]) => !notes.has(name) && value === 1).map(([name]) => factorInWords(name));
  const rows = telling.map(([name, value]) => {
    const note = notes.get(name);
    const others = note?.others ?? null;
    const title = others === null ? (note?.what ?? name) : `${note.what}: ${value.toFixed(3)}, runners-up ${others.toFixed(3)}`;
    return barRow(factorInWords(name), value / most, value.toFixed(2), { tone: value < 0.5 ? "low" : "", tick: others === null ? null : others / most, title });
  });
  const parts = [make("h3", "", "What made it likely"), ...rows];
  if (telling.some(([name]) => (notes.get(name)?.others ?? null) !== null)) parts.push(make("p", "note", make("u"), "mean of the runners-up"));
  if (silent.length > 0) parts.push(make("p", "note", `Held nothing against it: ${silent.join(", ")}.`));
  return parts;
}

function runnersUp(pick) {
  if (pick.runners.length === 0) return [];
  const most = Math.max(pick.probability, ...pick.runners.map(([, share]) => share), 1e-9);
  const named = (id) => (pick.kind === "pair" ? `Pair ${id}` : shortName(id));
  return [
    make("h3", "", "The chances"),
    barRow(pick.title, pick.probability / most, percent(pick.probability), { kind: "share", tone: "warm" }),
    ...pick.runners.map(([id, share]) => barRow(named(id), share / most, percent(share), { kind: "share", tone: "low" })),
  ];
}

const TONES = { shown: "good", failed: "bad", late: "warm" };

function answers(session, pick) {
  const lines = pick.outcomes.map((outcome) => {
    const late = (outcome.late ?? 0) >= 50;
    const words = [outcome.o];
    if (outcome.client) words.push(`by ${outcome.client}`);
    if (outcome.ms !== undefined) words.push(`in ${Math.round(outcome.ms)} ms`);
    if (outcome.late) words.push(`${Math.round(outcome.late)} ms late`);
    if (outcome.layer) words.push(`(${outcome.layer})`);
    const text = words.join(" ") + (outcome.reason ? `: ${outcome.reason}` : "");
    return make("li", outcome.o === "shown" && late ? "warm" : (TONES[outcome.o] ?? ""), make("i"), make("span", "", text), make("time", "", clock(outcome.t, 2)));
  });
  const said = lines.length > 0 ? make("ol", "answers", ...lines) : make("p", "note", "Nothing is known of it.");
  return [make("h3", "", "What became of it"), said];
}

function rest(pick) {
  const list = facts([
    ["mode", pick.mode],
    ["reason", pick.reason],
    ["pack", pick.pack],
    ["section", `${pick.section}, intensity ${pick.intensity.toFixed(2)}`],
    ["bar, beat", `${pick.bar}, ${pick.beat}`],
    ["decided", clock(pick.t, 3)],
    ["prepared from", clock(pick.prepare, 3)],
    ["planned for", clock(pick.planned, 3)],
    ["candidates", pick.candidates],
    ["weight", `${pick.weight} of ${pick.total}`],
    ["draw", pick.draw],
    ["file", pick.urls[0]],
    ["file behind", pick.urls[1]],
    ["warp, cx", pick.warp === null ? "" : `${pick.warp}, ${pick.cx}`],
    ["quality", pick.quality],
  ]);
  return make("details", "", make("summary", "", "Numbers"), list);
}

function nav(session, pick, step) {
  const button = (text, by) => {
    const made = make("button", "", text);
    made.type = "button";
    made.disabled = session.picks[pick.index + by] === undefined;
    made.addEventListener("click", () => step(by));
    return made;
  };
  return make("div", "nav", button("← before", -1), button("next →", 1));
}
