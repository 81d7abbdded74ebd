// ---- elements; text from a session is only ever put in as text ----

const byId = (id) => document.getElementById(id);

/** An element with a class and children, each an element or text. */
function make(tag, kind = "", ...children) {
  const made = document.createElement(tag);
  if (kind !== "") made.className = kind;
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

/** A name, a bar from 0 to 1 with an optional tick, and a value. */
function barRow(name, share, value, { tone = "", tick = null, title = "", kind = "factor" } = {}) {
  const track = make("span", "track");
  const fill = track.appendChild(make("i", tone));
  fill.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  if (tick !== null) {
    const mark = track.appendChild(make("u"));
    mark.style.left = `calc(${100 * Math.min(1, Math.max(0, tick))}% - 1px)`;
  }
  const row = make("div", kind, make("span", "", name), track, make("span", "value", value));
  row.title = title || name;
  return row;
}

function facts(pairs) {
  const list = make("dl", "facts");
  for (const [name, value] of pairs) {
    if (value !== null && value !== undefined && value !== "") list.append(make("dt", "", name), make("dd", "", value));
  }
  return list;
}

/** A canvas that always has as many pixels as it covers; `draw` gets context, width and height. */
class Surface {
  constructor(canvas, draw) {
    this.canvas = canvas;
    // Drawn by the processor: thousands of small rectangles are its business, and not every machine has a
    // graphics card that is quick at them.
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.draw = draw;
    this.waiting = false;
    new ResizeObserver(() => this.refresh()).observe(canvas);
  }

  refresh() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => this.now());
  }

  now() {
    this.waiting = false;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0 || height === 0) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 3);
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== across || this.canvas.height !== down) {
      this.canvas.width = across;
      this.canvas.height = down;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.draw(this.context, width, height);
  }
}

/** Colours of the style sheet, as they are now. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const known = new Map();
  return (name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(`--${name}`).trim());
    return known.get(name);
  };
}
