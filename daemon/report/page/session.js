// ---- the session, put together from its rows ----

const LANES = 4;
const KINDS = { p: "picks", s: "sections", a: "states", c: "commands", d: "devices", o: "overflows", r: "restarts", f: "rates" };

async function readSession() {
  const session = { head: null };
  for (const name of Object.values(KINDS)) session[name] = [];
  const text = new TextDecoder().decode(await inflated("rows"));
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf("\n", start);
    const row = JSON.parse(text.slice(start, end));
    if (row.k === "h") session.head = row;
    else session[KINDS[row.k]].push(row);
    start = end + 1;
  }
  const { head } = session;
  session.first = head.first;
  session.end = Math.max(head.end, head.first + 1);
  session.beats = unpackBeats(await inflated("beats"), head.beats, head.first);
  const planes = await inflated("levels");
  session.levels = planes === null ? null : unpackLevels(planes, head.levels, head.first);
  for (const list of [session.sections, session.states, session.devices]) spans(list, session.end);
  session.gaps = session.devices.filter((device) => device.state !== "live");
  onScreen(session);
  session.quarantine = quarantined(session);
  return session;
}

/** Each lasts until the next one. */
function spans(list, end) {
  for (const [index, item] of list.entries()) item.end = Math.max(item.t, list[index + 1]?.t ?? end);
}

function onScreen(session) {
  session.shown = session.picks.filter((pick) => pick.shown).sort((a, b) => a.on - b.on);
  for (const [index, pick] of session.shown.entries()) pick.off = Math.max(pick.on, session.shown[index + 1]?.on ?? session.end);
  for (const [index, pick] of session.picks.entries()) {
    pick.index = index;
    pick.author = authorOf(pick);
    [pick.fate, pick.tone] = fateOf(pick);
    pick.moment = pick.on ?? pick.planned;
    pick.text = [pick.seq, pick.title, pick.fg, pick.bg, pick.pack, pick.reason, reasonInWords(pick.reason), pick.section, pick.fate]
      .join("\n")
      .toLowerCase();
  }
}

/** What failed is not shown again for a while: a span for each, in as few lanes as they fit. */
function quarantined(session) {
  const detained = session.picks.flatMap((pick) => pick.outcomes.filter(({ o }) => o === "quarantined").map(({ t, until }) => ({ pick, t, until })));
  const newest = new Map();
  const found = [];
  for (const { pick, t, until } of detained.sort((a, b) => a.t - b.t)) {
    const what = `${pick.pack}:${pick.id}`;
    const end = Math.min(until ?? t, session.end);
    const before = newest.get(what);
    // Said once more, by another stage for instance, it begins anew.
    if (before !== undefined && t <= before.end) before.end = end;
    else {
      newest.set(what, { t, end, title: pick.title, lane: 0 });
      found.push(newest.get(what));
    }
  }
  const ends = [];
  for (const span of found) {
    const free = ends.findIndex((end) => end <= span.t);
    span.lane = free >= 0 ? free : Math.min(ends.length, LANES - 1);
    ends[span.lane] = Math.max(span.end, ends[span.lane] ?? 0);
  }
  session.lanes = Math.max(1, ends.length);
  return found;
}

/** The pick on screen at a moment. */
function pickAt(session, at) {
  const place = lowerBound(session.shown, at, (pick) => pick.on);
  const pick = session.shown[place]?.on === at ? session.shown[place] : session.shown[place - 1];
  return pick !== undefined && at <= pick.off ? pick : null;
}

/** The item of a list of spans that covers a moment. */
function spanAt(list, at) {
  const found = list[lowerBound(list, at, (item) => item.t + 1e-9) - 1] ?? list[0];
  return found !== undefined && found.t <= at && at <= found.end ? found : null;
}

/** What picks are coloured by: a colour for every value, the frequent ones first. */
class Colours {
  constructor(picks) {
    this.picks = picks;
    this.by = "author";
    this.hues = new Map();
    this.choose("author");
  }

  choose(by) {
    this.by = by;
    const counts = new Map();
    for (const pick of this.picks) counts.set(pick[by], (counts.get(pick[by]) ?? 0) + 1);
    this.names = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
    this.hues = new Map(this.names.map((name, index) => [name, (168 + index * 137.508) % 360]));
  }

  of(pick, light) {
    return `hsl(${this.hues.get(pick[this.by]).toFixed(0)} 42% ${light})`;
  }

  named(name, light) {
    return `hsl(${this.hues.get(name).toFixed(0)} 42% ${light})`;
  }
}
