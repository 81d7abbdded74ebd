// ---- the whole session, small, with a window to move ----

class Minimap {
  constructor({ session, view, colours, canvas }) {
    Object.assign(this, { session, view, colours, canvas });
    this.color = palette();
    this.width = 1;
    this.whole = new View(session.first, session.end);
    this.surface = new Surface(canvas, (context, width, height) => this.draw(context, width, height));
    view.onChange(() => this.changed());
    this.changed();
    this.listen();
  }

  changed() {
    const { view, canvas } = this;
    this.surface.refresh();
    canvas.setAttribute("aria-valuenow", (100 * (view.from - view.first)) / Math.max(view.end - view.first - view.span, 1e-9) || 0);
    canvas.setAttribute("aria-valuetext", `${clock(view.from)} to ${clock(view.to)}`);
  }

  draw(context, width, height) {
    this.width = width;
    const { color } = this;
    const x = (at) => ((at - this.session.first) / (this.session.end - this.session.first)) * width;
    context.fillStyle = color("raised");
    context.fillRect(0, 0, width, height);
    const scene = { session: this.session, view: this.whole, color, width: width + GUTTER, height, x: (at) => x(at) + GUTTER };
    context.save();
    context.translate(-GUTTER, 0);
    drawArea(context, scene, "rms01", "dim", 6, height - 16, { mirrored: true });
    inSight(this.session.sections, scene, (section, left, right) => {
      context.fillStyle = color(section.s) || color("faint");
      context.fillRect(left, height - 8, right - left, 8);
    });
    inSight(this.session.gaps, scene, (gap, left, right) => {
      context.fillStyle = color("bad");
      context.globalAlpha = 0.55;
      context.fillRect(left, 0, Math.max(2, right - left), height - 9);
      context.globalAlpha = 1;
    });
    context.globalAlpha = 0.75;
    context.fillStyle = color("text");
    let last = -9;
    for (const pick of this.session.shown) {
      const at = x(pick.on) + GUTTER;
      if (at - last < 3) continue;
      last = at;
      context.fillRect(at, 0, 1, 5);
    }
    context.restore();
    const [left, right] = [x(this.view.from), x(this.view.to)];
    context.fillStyle = color("ground");
    context.globalAlpha = 0.62;
    context.fillRect(0, 0, left, height);
    context.fillRect(right, 0, width - right, height);
    context.globalAlpha = 1;
    context.strokeStyle = color("focus");
    context.lineWidth = 2;
    context.beginPath();
    context.roundRect(left + 1, 1, Math.max(4, right - left - 2), height - 2, 6);
    context.stroke();
  }

  listen() {
    const { canvas, view } = this;
    const at = (event) => view.first + (event.offsetX / this.width) * (view.end - view.first);
    let offset = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("moving");
      const here = at(event);
      offset = here >= view.from && here <= view.to && view.span < view.end - view.first ? here - view.from : view.span / 2;
      view.set(here - offset, here - offset + view.span);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (offset !== null) view.set(at(event) - offset, at(event) - offset + view.span);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => {
        offset = null;
        canvas.classList.remove("moving");
      });
    }
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        view.zoom(Math.exp(Math.min(Math.max(event.deltaY, -400), 400) * 0.0022), at(event));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.2, ArrowRight: 0.2, PageDown: 1, PageUp: -1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      view.pan(by * view.span);
    });
  }
}
