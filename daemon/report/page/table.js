// ---- all picks as a table ----

const COLUMNS = [
  ["#", "number slim", (pick) => pick.seq, (pick) => pick.seq],
  ["Time", "number short", (pick) => clock(pick.moment, 1), (pick) => pick.moment],
  ["What", "short wide", null, (pick) => pick.title],
  ["Presets", "quiet", (pick) => [pick.fg, pick.bg].filter((name) => name !== "").map(shortName).join(" + "), (pick) => pick.fg],
  ["Why", "why-short", (pick) => reasonInWords(pick.reason), (pick) => pick.reason],
  ["Section", "quiet short wide spare", (pick) => pick.section, (pick) => pick.section],
  ["Chance", "number short spare", (pick) => percent(pick.probability), (pick) => pick.probability],
  ["Stayed", "number short", (pick) => (pick.shown ? seconds(pick.off - pick.on) : "–"), (pick) => (pick.shown ? pick.off - pick.on : -1)],
  ["Outcome", "fate short wide", (pick) => pick.fate, (pick) => pick.fate],
];
const AT_ONCE = 400;

class Table {
  constructor({ session, colours, place, found, onPick }) {
    Object.assign(this, { session, colours, place, found, onPick });
    this.rows = new Map();
    this.order = { column: 0, down: false };
    this.list = session.picks;
    this.count = AT_ONCE;
    this.selected = null;
    this.heads = COLUMNS.map(([name, kind], column) => {
      const button = make("button", "", name);
      button.type = "button";
      button.addEventListener("click", () => this.sort(column));
      const head = make("th", kind, button);
      head.scope = "col";
      return head;
    });
    this.body = make("tbody");
    this.more = make("button", "more");
    this.more.type = "button";
    this.more.addEventListener("click", () => this.fill((this.count += 4 * AT_ONCE)));
    const table = make("table", "", make("caption", "unseen", "Picks of the session"), make("thead", "", make("tr", "", ...this.heads)), this.body);
    place.append(table, this.more);
    this.fill();
  }

  sort(column) {
    this.order = { column, down: this.order.column === column && !this.order.down };
    this.fill();
  }

  /** null shows all. */
  filter(matches) {
    this.list = matches === null ? this.session.picks : this.session.picks.filter((pick) => matches.has(pick));
    this.count = AT_ONCE;
    this.found.textContent = matches === null ? "" : `${this.list.length} of ${this.session.picks.length}`;
    this.fill();
  }

  fill() {
    const { column, down } = this.order;
    for (const [index, head] of this.heads.entries()) {
      if (index === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const key = COLUMNS[column][3];
    const sorted = [...this.list].sort((a, b) => {
      const [left, right] = down ? [key(b), key(a)] : [key(a), key(b)];
      return left < right ? -1 : left > right ? 1 : a.seq - b.seq;
    });
    this.rows.clear();
    const rows = sorted.slice(0, this.count).map((pick) => this.row(pick));
    this.body.replaceChildren(...rows);
    this.more.hidden = sorted.length <= this.count;
    this.more.textContent = `${sorted.length - this.count} more`;
    this.mark(this.selected, false);
  }

  row(pick) {
    const cells = COLUMNS.map(([, kind, text]) => {
      if (text === null) return make("td", kind, this.named(pick));
      const cell = make("td", kind.replace("fate", pick.tone), text(pick));
      if (!kind.includes("number")) cell.title = cell.textContent;
      return cell;
    });
    const row = make("tr", "", ...cells);
    row.addEventListener("click", () => this.onPick(pick));
    this.rows.set(pick, row);
    return row;
  }

  named(pick) {
    const swatch = make("i");
    swatch.style.background = this.colours.of(pick, "50%");
    const button = make("button", "", swatch, pick.title);
    button.type = "button";
    return button;
  }

  mark(pick, scroll = true) {
    const before = this.rows.get(this.selected);
    before?.classList.remove("chosen");
    before?.removeAttribute("aria-current");
    this.selected = pick;
    const row = this.rows.get(pick);
    row?.classList.add("chosen");
    row?.setAttribute("aria-current", "true");
    if (scroll && row && this.place.clientHeight > 0) {
      const head = 34;
      const [top, bottom] = [row.offsetTop - head, row.offsetTop + row.offsetHeight];
      if (top < this.place.scrollTop) this.place.scrollTop = top;
      else if (bottom > this.place.scrollTop + this.place.clientHeight) this.place.scrollTop = bottom - this.place.clientHeight;
    }
  }

  /** On paper nothing can be asked for later. */
  all() {
    this.fill((this.count = Infinity));
  }
}
