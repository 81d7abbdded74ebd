// ---- statistics, and what the session is ----

function tile(value, name, tone = "") {
  return make("div", `tile ${tone}`, make("b", "", value), make("span", "", name));
}

function showFigures(place, session) {
  const figures = session.head.statistics;
  const { dwell } = figures;
  const tiles = make(
    "div",
    "tiles",
    tile(figures.shown, "picks shown"),
    tile(seconds(dwell.median), "median stay"),
    tile(figures.late, "late", figures.late > 0 ? "warm" : ""),
    tile(figures.failed, "failed", figures.failed > 0 ? "bad" : ""),
    tile(percent(figures.trustedBeat01), "beat trusted"),
    tile(percent(figures.trustedBar01), "bar trusted"),
    tile(percent(figures.coverage01), `of the pool: ${figures.different} of ${figures.pool}`),
    tile(figures.shown > 0 ? (2 ** figures.entropyBits).toFixed(0) : "–", `effective variety, ${figures.entropyBits.toFixed(1)} bits`),
  );
  const bars = (title, rows) => make("section", "", make("h3", "", title), ...rows);
  const most = (list, of) => Math.max(1e-9, ...list.map(of));
  const reasons = most(figures.reasons, (row) => row[1]);
  const classes = most(dwell.counts, (count) => count);
  const spent = most(figures.sections, (row) => row[1]);
  const whole = figures.sections.reduce((sum, row) => sum + row[1], 0) || 1;
  const often = most(figures.mostShown, (row) => row[4]);
  const edges = dwell.edges;
  const between = (i) => (i === 0 ? `under ${edges[0]} s` : i === edges.length ? `${edges[i - 1]} s and more` : `${edges[i - 1]} to ${edges[i]} s`);
  const { repeats } = figures;
  const soon = most(repeats.counts, (count) => count);
  const apart = (i) => {
    const { edges: steps } = repeats;
    if (i === 0) return "at once";
    if (i === steps.length) return `${steps[i - 1]} picks and more`;
    return `after ${steps[i - 1]} to ${steps[i] - 1} picks`;
  };
  const back = repeats.min === null ? [make("p", "note", "Nothing was shown twice.")] : repeats.counts.map((count, i) => barRow(apart(i), count / soon, count, { tone: "warm" }));
  const charts = make(
    "div",
    "charts",
    bars("Why pictures changed", figures.reasons.map(([name, count]) => barRow(reasonInWords(name), count / reasons, count, { title: name }))),
    bars("How long they stayed", dwell.counts.map((count, i) => barRow(between(i), count / classes, count, { tone: "warm" }))),
    bars("How soon they came back", back),
    bars("Shown most", figures.mostShown.map(([, , title, fg, times, spentOn]) => barRow(title.startsWith("Pair ") ? `${title} · ${shortName(fg)}` : shortName(title), times / often, `${times} × ${seconds(spentOn / times)}`, { title: `${title}, ${fg}: ${times} times, ${seconds(spentOn)} in all`, kind: "share wide" }))),
    bars("The music", figures.sections.map(([name, time]) => barRow(name, time / spent, percent(time / whole), { tone: "low" }))),
  );
  place.replaceChildren(tiles, charts);
}

function verdictOf(head) {
  const { verdict } = head;
  if (verdict === null) return ["not verified", ""];
  if (!verdict.identical) return [`diverged: ${verdict.cause}`, "bad"];
  return ["verified", "good"];
}

function showAbout(place, session) {
  const { head } = session;
  const { header, verdict } = head;
  const [words, tone] = verdictOf(head);
  const stamp = make("div", `stamp ${tone}`, make("b", "", words.charAt(0).toUpperCase() + words.slice(1)));
  if (verdict === null) stamp.append(make("p", "", "Made without --verify: that the recording gives these very picks was not checked byte for byte."));
  else if (verdict.identical) {
    stamp.append(
      make("p", "", `${verdict.picks} picks and outcomes, ${verdict.events} events and ${verdict.states} states are, byte for byte, what ${verdict.seconds.toFixed(1)} s of sound and ${verdict.inputs} inputs give (checked by version ${head.madeBy}).`),
    );
  } else stamp.append(make("p", "", `${verdict.where}: ${verdict.message}`));
  for (const note of [...(verdict?.notes ?? []), ...(verdict?.unverifiable ?? [])]) stamp.append(make("p", "", note));
  const notes = [...head.notes, head.parted, header.inexact].filter((note) => note !== "");
  const who = facts([
    ["session", header.session],
    ["started", header.startedAt || "a replay, without a wall clock"],
    ["sound", header.sound],
    ["length", `${clock(session.end - session.first, 1)}${session.first > 0 ? `, from ${clock(session.first, 1)} of the show` : ""}`],
    ["end", head.closed ? "closed" : "cut off: this is what was saved"],
    ["continues", header.start.continues],
    ["begun anew because of", header.start.reason],
    ["sample rate, hop", `${header.rate} Hz, ${header.hop}`],
    ["beat engine", header.beatEngine],
    ["curves", head.levels === null ? "from the logs alone" : `heard again, a value each ${(1000 * head.levels.seconds).toFixed(1)} ms`],
  ]);
  const how = facts([
    ["version", header.version],
    ["code sha256", header.code],
    ["seed", header.seed],
    ["configuration sha256", header.configSha256],
    ["catalogue sha256", header.catalogSha256],
    ["replays exactly", header.replayExact ? "on every machine" : "only where it was recorded"],
    ...header.platform,
    ["report by", `${head.madeBy}, code ${head.code.slice(0, 16)}`],
  ]);
  place.replaceChildren(
    stamp,
    ...notes.map((note) => make("div", "stamp", make("p", "", note))),
    make("div", "about", make("section", "", make("h3", "", "The session"), who), make("section", "", make("h3", "", "Fingerprint"), how)),
  );
}

function showHead(session) {
  const { head } = session;
  const { header } = head;
  byId("name").textContent = header.session;
  byId("name").title = header.session;
  const chip = (text, tone, title = text) => {
    const made = make("span", `chip ${tone}`, text);
    made.title = title;
    return made;
  };
  const [words, tone] = verdictOf(head);
  const chips = [chip(words, tone, head.verdict?.message || words)];
  if (head.parted !== "") chips.push(chip("replay differs", "bad", head.parted));
  chips.push(head.levels === null ? chip("from the logs alone", "warm", head.notes.join(" ")) : chip("heard again", ""));
  chips.push(chip(clock(session.end - session.first), ""), chip(`${session.picks.length} picks`, ""));
  if (!head.closed) chips.push(chip("cut off", "warm"));
  byId("chips").replaceChildren(...chips);
  const began = header.startedAt.replace("T", " ").slice(0, 16);
  byId("when").textContent = [began, `version ${header.version}`, `seed ${header.seed}`, `config ${header.configSha256.slice(0, 8)}`].filter((part) => part !== "").join("  ·  ");
}
