// ---- the timeline: drawing, pointer and hovering ----

class Timeline {
  constructor({ session, view, colours, canvas, tip, onPick }) {
    Object.assign(this, { session, view, colours, canvas, tip, onPick });
    this.selected = null;
    this.matches = null;
    this.hover = null;
    this.width = GUTTER + 1;
    this.height = 1;
    this.color = palette();
    this.surface = new Surface(canvas, (context, width, height) => this.draw(context, width, height));
    view.onChange(() => this.surface.refresh());
    this.listen();
  }

  x(at) {
    return GUTTER + ((at - this.view.from) / this.view.span) * (this.width - GUTTER);
  }

  at(x) {
    return this.view.from + ((x - GUTTER) / (this.width - GUTTER)) * this.view.span;
  }

  draw(context, width, height) {
    Object.assign(this, { width, height });
    const tracks = layout(this.session, height);
    context.textBaseline = "middle";
    for (const { name, draw, top, height: tall } of tracks) {
      drawName(context, this.color, name, top, tall);
      context.save();
      if (name !== "Tempo") {
        context.beginPath();
        context.rect(GUTTER, 0, width - GUTTER, height);
        context.clip();
      }
      draw(context, this, top, tall);
      context.restore();
    }
    this.drawCursor(context, height);
  }

  drawCursor(context, height) {
    if (this.selected !== null) {
      const x = Math.round(this.x(this.selected.moment));
      if (x >= GUTTER && x <= this.width) {
        context.fillStyle = this.color("text");
        context.globalAlpha = 0.5;
        context.fillRect(x, 18, 1, height - 18);
        context.globalAlpha = 1;
      }
    }
    if (this.hover !== null) {
      context.fillStyle = this.color("focus");
      context.globalAlpha = 0.8;
      context.fillRect(Math.round(this.hover), 0, 1, height);
      context.globalAlpha = 1;
    }
  }

  listen() {
    const { canvas, view } = this;
    let held = null;
    const fingers = new Map();
    const spread = () => {
      const [a, b] = fingers.values();
      return { middle: (a + b) / 2, apart: Math.max(Math.abs(a - b), 20) };
    };
    const pinch = (event) => {
      const before = spread();
      fingers.set(event.pointerId, event.offsetX);
      const now = spread();
      view.zoom(before.apart / now.apart, this.at(before.middle));
      view.pan(((before.middle - now.middle) * view.span) / (this.width - GUTTER));
    };
    const lift = (event) => {
      fingers.delete(event.pointerId);
      // The finger that stays goes on moving the view, and chooses nothing.
      held = fingers.size > 0 ? { start: 0, last: [...fingers.values()][0], moved: true } : null;
    };
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const unit = event.deltaMode === 1 ? 30 : event.deltaMode === 2 ? 300 : 1;
        const across = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
        if (event.shiftKey || Math.abs(across) > Math.abs(event.deltaY)) view.pan((across * unit * view.span) / (this.width - GUTTER));
        else view.zoom(Math.exp(Math.min(Math.max(event.deltaY * unit, -400), 400) * 0.0022), this.at(Math.max(event.offsetX, GUTTER)));
        this.move(event.offsetX, event.offsetY);
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || fingers.size === 2) return;
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, event.offsetX);
      held = { start: event.offsetX, last: event.offsetX, moved: fingers.size > 1 };
    });
    canvas.addEventListener("pointermove", (event) => {
      const touches = fingers.has(event.pointerId);
      if (touches && fingers.size === 2) return pinch(event);
      if (touches) fingers.set(event.pointerId, event.offsetX);
      if (held !== null && touches) {
        held.moved ||= Math.abs(event.offsetX - held.start) > 4;
        if (held.moved) {
          canvas.classList.add("moving");
          view.pan(((held.last - event.offsetX) * view.span) / (this.width - GUTTER));
          held.last = event.offsetX;
        }
      }
      this.move(event.offsetX, event.offsetY);
    });
    canvas.addEventListener("pointerup", (event) => {
      canvas.classList.remove("moving");
      if (held !== null && !held.moved && event.offsetX >= GUTTER) this.onPick(pickAt(this.session, this.at(event.offsetX)));
      lift(event);
    });
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener("pointerleave", () => this.leave());
    canvas.addEventListener("dblclick", (event) => {
      const pick = pickAt(this.session, this.at(event.offsetX));
      if (pick !== null) zoomTo(view, pick);
    });
  }

  leave() {
    this.hover = null;
    this.tip.hidden = true;
    this.surface.refresh();
  }

  move(x, y) {
    if (x < GUTTER) return this.leave();
    this.hover = x;
    const at = this.at(x);
    this.tip.replaceChildren(...this.said(at));
    this.tip.hidden = false;
    const { offsetWidth: wide, offsetHeight: tall } = this.tip;
    this.tip.style.left = `${x + 18 + wide > this.width ? x - 18 - wide : x + 18}px`;
    this.tip.style.top = `${Math.max(0, Math.min(y + 16, this.height - tall))}px`;
    this.surface.refresh();
  }

  /** What was at a moment, as paragraphs. */
  *said(at) {
    const { session } = this;
    const wall = wallClock(session, at);
    yield make("b", "", clock(at, this.view.span < 120 ? 2 : 0) + (wall === "" ? "" : ` · ${wall}`));
    const beat = session.beats.count > 0 ? lowerBound(session.beats.at, at) - 1 : -1;
    const heard = [spanAt(session.sections, at)?.s ?? ""];
    if (beat >= 0 && at - session.beats.at[beat] < 4) heard.push(`${(session.beats.tempo[beat] / 100).toFixed(1)} BPM${session.beats.flags[beat] & TRUSTED ? "" : " (a guess)"}`);
    if (session.levels !== null) {
      heard.push(`${session.levels.loudness_db.value(at)?.toFixed(0) ?? "–"} dB`, `energy ${(100 * (session.levels.energy01.value(at) ?? 0)).toFixed(0)}`);
    }
    yield make("p", "", heard.filter((part) => part !== "").join(" · "));
    const pick = pickAt(session, at);
    if (pick !== null) {
      yield make("b", "", pick.title);
      yield make("p", "", [pick.fg, pick.bg].filter((name) => name !== "").map(shortName).join(" + "));
      yield make("p", "", `${reasonInWords(pick.reason)} · ${pick.fate}`);
    }
    const reach = (5 * this.view.span) / (this.width - GUTTER);
    const near = (item) => Math.abs(item.t - at) <= reach;
    const from = lowerBound(session.commands, at - reach, (command) => command.t);
    for (const command of session.commands.slice(from, from + 3).filter(near)) {
      yield make("p", "", `${command.verb} ${command.arg} (${originInWords(command.origin)})`);
    }
    const held = session.quarantine.filter((span) => span.t <= at && at < span.end);
    if (held.length > 0) {
      const more = held.length > 3 ? ` and ${held.length - 3} more` : "";
      yield make("p", "bad", `in quarantine: ${held.slice(0, 3).map((span) => span.title).join(", ")}${more}`);
    }
    const gap = spanAt(session.gaps, at);
    if (gap !== null) yield make("p", "bad", `device ${gap.state}: ${gap.detail}`);
    for (const lost of session.overflows.filter(near).slice(0, 2)) {
      yield make("p", "bad", lost.count ? `${lost.count} samples lost` : `the device lost sound ${lost.reports ?? ""} times`);
    }
  }
}

/** So that a pick fills most of the width. */
function zoomTo(view, pick) {
  const [from, to] = [pick.prepare, pick.off ?? pick.moment + 4];
  const margin = Math.max(1, 0.25 * (to - from));
  view.set(from - margin, to + margin);
}
