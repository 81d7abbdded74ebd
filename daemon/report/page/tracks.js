// ---- what the timeline draws, track by track ----

const GUTTER = 78;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const SMALL = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const BOLD = `600 ${SMALL}`;
const [TRUSTED, DOWNBEAT] = [16, 32];

/** Text cut to a width, with a mark where it was cut. */
function fitted(context, text, width) {
  if (width < 14) return "";
  if (context.measureText(text).width <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return low < 2 ? "" : `${text.slice(0, low)}…`;
}

function stepFor(view, width, apart) {
  let step = STEPS.find((known) => (known / view.span) * width >= apart) ?? STEPS.at(-1);
  while ((step / view.span) * width < apart) step *= 2;
  return step;
}

/** Visits what of a sorted list of spans lies in sight, leaving out what falls on the same pixel. */
function inSight(list, scene, visit, start = "t", end = "end") {
  let last = -1;
  // The span before the first in sight may reach into it.
  const place = Math.max(0, lowerBound(list, scene.view.from, (item) => item[start]) - 1);
  for (let i = place; i < list.length && list[i][start] <= scene.view.to; i++) {
    const left = Math.max(scene.x(list[i][start]), GUTTER);
    const right = Math.min(scene.x(list[i][end]), scene.width);
    if (right < GUTTER || (right - left < 1 && Math.floor(left) === last)) continue;
    last = Math.floor(left);
    visit(list[i], left, Math.max(right, left + 1));
  }
}

function drawRuler(context, scene, top, height) {
  const { view, color } = scene;
  const step = stepFor(view, scene.width - GUTTER, 84);
  context.font = SMALL;
  context.textAlign = "left";
  for (let i = Math.ceil(view.from / step); i * step <= view.to; i++) {
    const x = Math.round(scene.x(i * step)) + 0.5;
    context.fillStyle = color("line");
    context.fillRect(x - 0.5, top + height - 6, 1, 6);
    context.globalAlpha = 0.35;
    context.fillRect(x - 0.5, top + height, 1, scene.height - top - height);
    context.globalAlpha = 1;
    context.fillStyle = color("dim");
    if (x < scene.width - 30) context.fillText(clock(i * step, step < 1 ? 1 : 0), x + 4, top + height / 2);
  }
}

function drawSections(context, scene, top, height) {
  context.font = BOLD;
  inSight(scene.session.sections, scene, (section, left, right) => {
    const tone = scene.color(section.s) || scene.color("faint");
    context.globalAlpha = 0.42;
    context.fillStyle = tone;
    context.fillRect(left, top, right - left - (right - left > 3 ? 1 : 0), height);
    context.globalAlpha = 1;
    context.fillRect(left, top, right - left - (right - left > 3 ? 1 : 0), 3);
    context.fillStyle = scene.color("text");
    context.fillText(fitted(context, section.s, right - left - 12), left + 6, top + height / 2 + 2);
  });
}

function drawPicks(context, scene, top, height) {
  const { session, selected, matches } = scene;
  const light = scene.color("block-light");
  inSight(
    session.shown,
    scene,
    (pick, left, right) => {
      const width = Math.max(1, right - left - (right - left > 4 ? 2 : 0));
      context.globalAlpha = matches !== null && !matches.has(pick) ? 0.18 : 1;
      context.fillStyle = scene.colours.of(pick, light);
      if (width < 5) context.fillRect(left, top, width, height);
      else {
        context.beginPath();
        context.roundRect(left, top, width, height, Math.min(6, width / 3));
        context.fill();
      }
      if (pick.tone === "bad" || pick.tone === "warm") {
        context.fillStyle = scene.color(pick.tone);
        context.fillRect(left + Math.min(6, width / 3), top + height - 3, Math.max(1, width - 2 * Math.min(6, width / 3)), 3);
      }
      if (width > 22) {
        const room = width - 12;
        context.fillStyle = scene.color("text");
        context.font = BOLD;
        // The number alone says more than half a word.
        const whole = context.measureText(pick.title).width <= room || pick.kind !== "pair";
        context.fillText(fitted(context, whole ? pick.title : pick.id, room), left + 7, top + (height > 44 ? 13 : height / 2));
        if (height > 44 && room > 56) {
          context.font = SMALL;
          context.fillText(fitted(context, shortName(pick.fg), room), left + 7, top + 29);
          context.globalAlpha *= 0.75;
          context.fillText(fitted(context, reasonInWords(pick.reason), room), left + 7, top + 45);
        }
      }
      context.globalAlpha = 1;
    },
    "on",
    "off",
  );
  if (selected?.shown) {
    const [left, right] = [Math.max(scene.x(selected.on), GUTTER), Math.min(scene.x(selected.off), scene.width)];
    if (right >= GUTTER && left <= scene.width) {
      context.strokeStyle = scene.color("text");
      context.lineWidth = 2;
      context.beginPath();
      context.roundRect(left + 1, top + 1, Math.max(2, right - left - 4), height - 2, 5);
      context.stroke();
    }
  }
}

const RANKS = { failed: 3, late: 2, skipped: 1, shown: 0 };

/** From prepare to the moment it came, with what browsers said; where marks would touch, the worst is drawn. */
function drawAnswers(context, scene, top, height) {
  const { session, view } = scene;
  const middle = Math.round(top + height / 2);
  const start = Math.max(0, lowerBound(session.picks, view.from - 60, (pick) => pick.t));
  const count = lowerBound(session.picks, view.to, (pick) => pick.t) - start;
  const dense = count * 9 > scene.width - GUTTER;
  const crowded = new Map();
  let last = -9;
  for (let i = start; i < session.picks.length && session.picks[i].t <= view.to; i++) {
    const pick = session.picks[i];
    const [from, to] = [scene.x(pick.prepare), scene.x(pick.moment)];
    if (to > GUTTER && to - from > 3) {
      context.fillStyle = scene.color("faint");
      context.fillRect(Math.max(from, GUTTER), middle - 0.5, to - Math.max(from, GUTTER), 1.5);
      if (from > GUTTER) context.fillRect(from, middle - 4, 1.5, 9);
    }
    if (pick.on !== null && !dense && to - last >= 3) {
      mark(context, scene, pick.on, middle, "stroke", "text");
      last = to;
    }
    for (const outcome of pick.outcomes) {
      const kind = outcome.o === "shown" && (outcome.late ?? 0) >= 50 ? "late" : outcome.o;
      if (!Object.hasOwn(RANKS, kind)) continue;
      const place = Math.floor(scene.x(outcome.t) / 4);
      const before = crowded.get(place);
      if (before === undefined || RANKS[before.kind] < RANKS[kind]) crowded.set(place, { kind, at: outcome.t });
    }
  }
  for (const { kind, at } of crowded.values()) {
    if (kind === "shown" && dense) {
      // From afar only what went wrong is worth a mark.
      context.fillStyle = scene.color("sound");
      if (scene.x(at) >= GUTTER) context.fillRect(scene.x(at) - 2, middle - 1, 4, 2);
    } else if (kind === "shown") mark(context, scene, at, middle, "dot", "sound");
    else if (kind === "late") mark(context, scene, at, middle, "dot", "warm");
    else mark(context, scene, at, middle, "cross", kind === "failed" ? "bad" : "faint");
  }
}

function mark(context, scene, at, y, shape, tone) {
  const x = scene.x(at);
  if (x < GUTTER || x > scene.width + 4) return;
  context.fillStyle = context.strokeStyle = scene.color(tone);
  context.beginPath();
  if (shape === "stroke") context.rect(x - 1, y - 7, 2, 14);
  else if (shape === "dot") context.arc(x, y, 4, 0, 7);
  else if (shape === "diamond") {
    context.moveTo(x, y - 5);
    context.lineTo(x + 3.5, y);
    context.lineTo(x, y + 5);
    context.lineTo(x - 3.5, y);
  } else {
    context.lineWidth = 2;
    context.moveTo(x - 4, y - 4);
    context.lineTo(x + 4, y + 4);
    context.moveTo(x + 4, y - 4);
    context.lineTo(x - 4, y + 4);
    context.stroke();
    return;
  }
  context.fill();
}

/** The area under a curve, its largest value filling the height: faint up to the maximum, full up to the mean. */
function drawArea(context, scene, name, tone, top, height, { band = true, mirrored = false } = {}) {
  const pyramid = scene.session.levels?.[name];
  if (pyramid === undefined) return;
  const { view } = scene;
  const perPixel = view.span / (scene.width - GUTTER);
  const level = pyramid.level(perPixel);
  const found = { mean: 0, min: 0, max: 0 };
  const scale = (mirrored ? height / 2 : height) / pyramid.most;
  const base = top + (mirrored ? height / 2 : height);
  context.fillStyle = scene.color(tone);
  // Column by column: rectangles are drawn at once, a path of a thousand points is not.
  for (const [stat, alpha] of band ? [["max", 0.3], ["mean", 0.8]] : [["mean", 0.55]]) {
    context.globalAlpha = alpha;
    for (let x = GUTTER; x < scene.width; x++) {
      const at = view.from + (x - GUTTER) * perPixel;
      if (!pyramid.between(level, at, at + perPixel, found)) continue;
      const tall = found[stat] * scale;
      context.fillRect(x, base - tall, 1, mirrored ? 2 * tall : tall);
    }
  }
  context.globalAlpha = 1;
}

/** A line along the mean of a curve, with what lies between minimum and maximum behind it. */
function drawLine(context, scene, name, tone, top, height, { dashed = false, ends = false } = {}) {
  const pyramid = scene.session.levels?.[name];
  if (pyramid === undefined) return;
  const { view } = scene;
  const perPixel = view.span / (scene.width - GUTTER);
  const level = pyramid.level(perPixel);
  const found = { mean: 0, min: 0, max: 0 };
  context.fillStyle = context.strokeStyle = scene.color(tone);
  context.globalAlpha = 0.28;
  const line = new Path2D();
  let begun = false;
  for (let x = GUTTER; x < scene.width; x++) {
    const at = view.from + (x - GUTTER) * perPixel;
    if (!pyramid.between(level, at, at + perPixel, found)) continue;
    if (ends) context.fillRect(x, top + height * (1 - found.max), 1, Math.max(1, height * (found.max - found.min)));
    const y = top + height * (1 - found.mean);
    if (begun) line.lineTo(x + 0.5, y);
    else line.moveTo(x + 0.5, y);
    begun = true;
  }
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.setLineDash(dashed ? [4, 3] : []);
  context.stroke(line);
  context.setLineDash([]);
}

/** Where nothing was heard again: what stood in the picks. */
function drawHeard(context, scene, column, tone, top, height, low = 0, high = 1) {
  context.fillStyle = scene.color(tone);
  const { picks } = scene.session;
  for (let i = lowerBound(picks, scene.view.from, (pick) => pick.t); i < picks.length && picks[i].t <= scene.view.to; i++) {
    const value = picks[i].heard[column];
    if (value === null) continue;
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    const x = scene.x(picks[i].t);
    context.globalAlpha = 0.35;
    context.fillRect(x - 0.5, top + height * (1 - share), 1.5, height * share);
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(x, top + height * (1 - share), 2.5, 0, 7);
    context.fill();
  }
}

function drawEnergy(context, scene, top, height) {
  if (scene.session.levels === null) return drawHeard(context, scene, 1, "warm", top, height);
  drawLine(context, scene, "energy01", "warm", top, height, { ends: true });
  drawLine(context, scene, "section_intensity01", "text", top, height);
  drawLine(context, scene, "buildup01", "bad", top, height, { dashed: true });
}

function drawSound(context, scene, top, height) {
  if (scene.session.levels === null) return drawHeard(context, scene, 0, "dim", top, height, -70, 0);
  drawArea(context, scene, "rms01", "dim", top, height, { mirrored: true });
}

function drawBands(context, scene, top, height) {
  const each = Math.floor((height - 4) / 3);
  for (const [place, [name, tone, column]] of [["high01", "high", 4], ["mid01", "mid", 3], ["bass01", "sound", 2]].entries()) {
    const y = top + place * (each + 2);
    if (scene.session.levels === null) drawHeard(context, scene, column, tone, y, each);
    else drawArea(context, scene, name, tone, y, each);
  }
}

/** BPM from beat to beat; the scale is what is in sight. */
function drawTempo(context, scene, top, height) {
  const { beats } = scene.session;
  const { view } = scene;
  const start = Math.max(0, lowerBound(beats.at, view.from) - 1);
  const end = Math.min(beats.count, lowerBound(beats.at, view.to) + 1);
  let [low, high] = [Infinity, 0];
  for (let i = start; i < end; i++) {
    const bpm = beats.tempo[i] / 100;
    if (bpm < 20) continue;
    low = Math.min(low, bpm);
    high = Math.max(high, bpm);
  }
  if (high === 0) return;
  const centre = (low + high) / 2;
  const reach = Math.max((high - low) / 2, 4) * 1.15;
  const y = (bpm) => top + height * (0.5 - (bpm - centre) / (2 * reach));
  if (end - start > 1.5 * (scene.width - GUTTER)) drawTempoFar(context, scene, start, end, y);
  else drawTempoNear(context, scene, start, end, y);
  context.font = SMALL;
  context.fillStyle = scene.color("faint");
  context.textAlign = "left";
  const range = high - low > 1 ? `${low.toFixed(0)}–${high.toFixed(0)}` : centre.toFixed(1);
  context.fillText(range, 2, Math.max(top + height - 6, top + 20));
}

function drawTempoNear(context, scene, start, end, y) {
  const { beats } = scene.session;
  context.lineWidth = 2;
  let [lastX, lastY, lastAt] = [0, 0, -10];
  for (let i = start; i < end; i++) {
    const bpm = beats.tempo[i] / 100;
    if (bpm < 20) continue;
    const x = scene.x(beats.at[i]);
    if (beats.at[i] - lastAt < 4 && x >= GUTTER) {
      context.strokeStyle = scene.color(beats.flags[i] & TRUSTED ? "warm" : "faint");
      context.beginPath();
      context.moveTo(Math.max(lastX, GUTTER), lastX < GUTTER ? y(bpm) : lastY);
      context.lineTo(x, y(bpm));
      context.stroke();
    }
    [lastX, lastY, lastAt] = [x, y(bpm), beats.at[i]];
  }
}

/** More beats than pixels: from the lowest to the highest of each. */
function drawTempoFar(context, scene, start, end, y) {
  const { beats } = scene.session;
  let [pixel, low, high, flags] = [-1, 0, 0, 0];
  const put = () => {
    if (pixel < GUTTER) return;
    context.fillStyle = scene.color(flags & TRUSTED ? "warm" : "faint");
    context.fillRect(pixel, y(high) - 1, 2, y(low) - y(high) + 2);
  };
  for (let i = start; i < end; i++) {
    const bpm = beats.tempo[i] / 100;
    if (bpm < 20) continue;
    const x = Math.floor(scene.x(beats.at[i]));
    if (x !== pixel) {
      put();
      [pixel, low, high] = [x, bpm, bpm];
    }
    [low, high, flags] = [Math.min(low, bpm), Math.max(high, bpm), beats.flags[i]];
  }
  put();
}

/** Trust as a band; bars, and from near the beats, as lines on it. */
function drawBeats(context, scene, top, height) {
  const { beats, states } = scene.session;
  const { view } = scene;
  inSight(states, scene, (state, left, right) => {
    context.fillStyle = scene.color(state.beat ? "warm" : "faint");
    context.globalAlpha = state.beat ? (state.bar ? 0.5 : 0.26) : 0.16;
    context.fillRect(left, top + height - 7, right - left, 7);
  });
  context.globalAlpha = 1;
  const perSecond = (scene.width - GUTTER) / view.span;
  const start = lowerBound(beats.at, view.from);
  const everyBeat = perSecond * 0.5 > 5;
  if (perSecond * 2 < 5) return;
  context.font = SMALL;
  for (let i = start; i < beats.count && beats.at[i] <= view.to; i++) {
    const down = (beats.flags[i] & DOWNBEAT) !== 0;
    if (!down && !everyBeat) continue;
    const trusted = (beats.flags[i] & TRUSTED) !== 0;
    context.fillStyle = scene.color(trusted ? "warm" : "faint");
    const tall = down ? height : height * 0.62;
    context.globalAlpha = down || trusted ? 1 : 0.8;
    context.fillRect(scene.x(beats.at[i]) - (down ? 1 : 0.5), top + height - tall, down ? 2 : 1, tall);
  }
  context.globalAlpha = 1;
}

/** What the operator and the desk said. */
function drawCommands(context, scene, top, height) {
  const { commands } = scene.session;
  const middle = Math.round(top + height / 2);
  context.font = SMALL;
  for (let i = lowerBound(commands, scene.view.from, (command) => command.t); i < commands.length; i++) {
    const command = commands[i];
    if (command.t > scene.view.to) break;
    const x = scene.x(command.t);
    const tone = command.origin.startsWith("osc:") ? "high" : command.origin.startsWith("ws:") ? "focus" : "mid";
    context.fillStyle = scene.color(tone);
    context.beginPath();
    context.moveTo(x - 4, middle - 6);
    context.lineTo(x + 4, middle - 6);
    context.lineTo(x, middle + 5);
    context.fill();
    const room = (commands[i + 1] === undefined ? scene.width : scene.x(commands[i + 1].t)) - x - 14;
    const label = command.arg === "" ? command.verb : `${command.verb} ${command.arg}`;
    context.fillStyle = scene.color("dim");
    context.fillText(fitted(context, label, Math.min(room, 160)), x + 8, middle);
  }
}

function drawRates(context, scene, top, height) {
  const { rates } = scene.session;
  const most = 65;
  const y = (fps) => top + height * (1 - Math.min(fps, most) / most);
  context.fillStyle = scene.color("line");
  context.fillRect(GUTTER, Math.round(y(60)), scene.width - GUTTER, 1);
  context.globalAlpha = 0.7;
  let [left, right, slowest] = [-1, -1, Infinity];
  const put = () => {
    if (slowest === Infinity) return;
    context.fillStyle = scene.color(slowest >= 40 ? "sound" : slowest >= 20 ? "warm" : "bad");
    context.fillRect(left, y(slowest), Math.max(1, right - left), top + height - y(slowest));
  };
  for (let i = lowerBound(rates, scene.view.from - 2, (rate) => rate.t); i < rates.length && rates[i].t <= scene.view.to; i++) {
    const { t, fps } = rates[i];
    if (fps === undefined) continue;
    const from = Math.floor(Math.max(scene.x(t), GUTTER));
    if (from !== left) {
      put();
      [left, slowest] = [from, Infinity];
    }
    right = Math.floor(scene.x(t + 2));
    // At a distance the slowest of a pixel must stay in sight.
    slowest = Math.min(slowest, fps);
  }
  put();
  context.globalAlpha = 1;
}

/** Where there was no sound from the device, and what was lost. */
function drawDevice(context, scene, top, height) {
  context.fillStyle = scene.color("raised");
  const [left, right] = [Math.max(scene.x(scene.session.first), GUTTER), Math.min(scene.x(scene.session.end), scene.width)];
  context.fillRect(left, top + height / 2 - 1, right - left, 2);
  inSight(scene.session.gaps, scene, (gap, from, to) => {
    context.fillStyle = scene.color("bad");
    context.globalAlpha = 0.85;
    context.beginPath();
    context.roundRect(from, top + 1, Math.max(2, to - from), height - 2, 3);
    context.fill();
    context.globalAlpha = 1;
    context.font = BOLD;
    context.fillStyle = scene.color("ground");
    context.fillText(fitted(context, gap.state, to - from - 10), from + 6, top + height / 2 + 0.5);
  });
  for (const lost of scene.session.overflows) mark(context, scene, lost.t, top + height / 2, "diamond", "warm");
  for (const again of scene.session.restarts) mark(context, scene, again.t, top + height / 2, "cross", "bad");
}

/** What failed, for as long as it must not be shown again. */
function drawQuarantine(context, scene, top, height) {
  const { quarantine, lanes } = scene.session;
  const each = (height - 2 * (lanes - 1)) / lanes;
  context.font = SMALL;
  for (const { t, end, title, lane } of quarantine) {
    if (end < scene.view.from || t > scene.view.to) continue;
    const [from, to] = [Math.max(scene.x(t), GUTTER), Math.min(scene.x(end), scene.width)];
    const y = top + lane * (each + 2);
    context.fillStyle = scene.color("bad");
    context.globalAlpha = 0.22;
    context.fillRect(from, y, Math.max(2, to - from), each);
    context.globalAlpha = 1;
    if (scene.x(t) >= GUTTER) context.fillRect(from, y, 2, each);
    if (each < 13) continue;
    context.fillStyle = scene.color("text");
    context.fillText(fitted(context, title, to - from - 12), from + 8, y + each / 2 + 0.5);
  }
}

/** What stands at the left of a track of several curves: names in their colours. */
const CURVES = {
  Energy: [["Energy", "warm"], ["Intensity", "text"], ["Build-up", "bad"]],
  Bands: [["High", "high"], ["Mid", "mid"], ["Bass", "sound"]],
};

function drawName(context, color, name, top, height) {
  context.font = SMALL;
  context.textAlign = "left";
  const curves = CURVES[name] ?? [[name, "dim"]];
  if (curves.length > 1 && height >= 36) {
    for (const [place, [word, tone]] of curves.entries()) {
      context.fillStyle = color(tone);
      context.fillText(word, 2, top + (height * (place + 0.5)) / curves.length);
    }
    return;
  }
  context.fillStyle = color("dim");
  context.fillText(name, 2, name === "Tempo" ? top + 6 : top + height / 2);
}

/** Name, share of the height beyond `least` px, least height, drawing, and whether the session has it. */
const TRACKS = [
  ["", 0, 20, drawRuler, () => true],
  ["Section", 0, 22, drawSections, () => true],
  ["Picks", 2, 28, drawPicks, () => true],
  ["Answers", 0, 18, drawAnswers, (session) => session.picks.length > 0],
  ["Energy", 4, 34, drawEnergy, () => true],
  ["Sound", 4, 30, drawSound, () => true],
  ["Bands", 4, 42, drawBands, () => true],
  ["Tempo", 2.4, 26, drawTempo, (session) => session.beats.count > 0],
  ["Beats", 0, 22, drawBeats, () => true],
  ["Operator", 0, 20, drawCommands, (session) => session.commands.length > 0],
  ["Browsers", 0.8, 16, drawRates, (session) => session.rates.some((rate) => rate.fps !== undefined)],
  ["Device", 0, 16, drawDevice, () => true],
  ["Quarantine", 0.5, 16, drawQuarantine, (session) => session.quarantine.length > 0],
];
const TRACK_GAP = 6;
const MOST_PICKS = 54;

/** Where each track lies in so much height. */
function layout(session, height) {
  const present = TRACKS.filter((track) => track[4](session));
  const gaps = TRACK_GAP * (present.length - 1) + 2;
  const fixed = present.reduce((sum, track) => sum + track[2], 0);
  const tight = Math.min(1, Math.max(0.4, (height - gaps) / fixed));
  let spare = Math.max(0, height - gaps - fixed);
  let shares = present.reduce((sum, track) => sum + track[1], 0);
  let y = 0;
  return present.map(([name, share, least, draw]) => {
    let more = (spare * share) / Math.max(shares, 1e-9);
    if (name === "Picks") {
      // Three lines of text are all a block needs; the curves take the rest.
      more = Math.min(spare, MOST_PICKS - least);
      spare -= more;
      shares -= share;
    }
    const box = { name, draw, top: Math.round(y), height: Math.round(least * tight + more) };
    y += box.height + TRACK_GAP;
    return box;
  });
}
