// ---- everything together ----

async function start() {
  const message = byId("message");
  if (typeof DecompressionStream === "undefined") {
    message.textContent = "This browser cannot unpack the report (it has no DecompressionStream). Open it in Chrome or Edge 80, Firefox 113, Safari 16.4, or later.";
    return;
  }
  let session;
  try {
    session = await readSession();
  } catch (error) {
    message.textContent = `This file is damaged and cannot be read (${error}). Make the report again with aivjd report.`;
    return;
  }
  message.hidden = true;
  byId("main").hidden = false;
  new Page(session);
}

class Page {
  constructor(session) {
    this.session = session;
    this.selected = null;
    this.matches = null;
    this.view = new View(session.first, session.end);
    this.colours = new Colours(session.picks);
    const onPick = (pick) => this.select(pick);
    const { view, colours } = this;
    showHead(session);
    this.timeline = new Timeline({ session, view, colours, canvas: byId("timeline"), tip: byId("tip"), onPick });
    this.minimap = new Minimap({ session, view, colours, canvas: byId("minimap") });
    this.table = new Table({ session, colours, place: byId("picks"), found: byId("found"), onPick });
    showFigures(byId("figures"), session);
    showAbout(byId("about"), session);
    showDetail(byId("why"), session, null, () => {});
    this.legend();
    this.controls();
    this.tabs();
    this.keys();
    this.paper();
    if (session.picks.length > 0) this.select(session.picks[0], false);
    byId("say").textContent = "";
    window.__report = { state: () => this.state() };
  }

  state() {
    const { view, selected, matches } = this;
    return {
      from: view.from,
      to: view.to,
      first: view.first,
      end: view.end,
      selected: selected?.seq ?? null,
      matches: matches?.size ?? null,
      picks: this.session.picks.length,
      heard: this.session.levels !== null,
    };
  }

  select(pick, reveal = true) {
    if (pick === null) return;
    this.selected = pick;
    this.timeline.selected = pick;
    if (reveal) this.view.reveal(pick.prepare, pick.off ?? pick.moment);
    this.timeline.surface.refresh();
    this.table.mark(pick);
    showDetail(byId("why"), this.session, pick, (by) => this.step(by));
    byId("say").textContent = `Pick ${pick.seq}, ${pick.title}, at ${clock(pick.moment)}: ${pick.words.why}`;
  }

  /** To the pick before or after; among those found while something is searched. */
  step(by) {
    const list = this.matches === null ? this.session.picks : this.session.picks.filter((pick) => this.matches.has(pick));
    if (list.length === 0) return;
    const here = this.selected === null ? -1 : list.indexOf(this.selected);
    if (this.selected === null) return this.select(list[Math.min(lowerBound(list, this.view.from, (pick) => pick.moment), list.length - 1)]);
    if (here >= 0) return this.select(list[Math.min(Math.max(here + by, 0), list.length - 1)]);
    const next = lowerBound(list, this.selected.seq, (pick) => pick.seq);
    this.select(list[Math.min(Math.max(by > 0 ? next : next - 1, 0), list.length - 1)]);
  }

  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
    this.matches = words.length === 0 ? null : new Set(this.session.picks.filter((pick) => words.every((word) => pick.text.includes(word))));
    this.timeline.matches = this.matches;
    this.timeline.surface.refresh();
    this.table.filter(this.matches);
  }

  legend() {
    const { names } = this.colours;
    const shown = names.slice(0, 12).map((name) => {
      const swatch = make("i");
      swatch.style.background = this.colours.named(name, "50%");
      const label = this.colours.by === "reason" ? reasonInWords(name) : name;
      return make("span", "", swatch, label);
    });
    if (names.length > 12) shown.push(make("span", "", `and ${names.length - 12} more`));
    byId("legend").replaceChildren(...shown);
  }

  controls() {
    const { view } = this;
    byId("colour").addEventListener("change", (event) => {
      this.colours.choose(event.target.value);
      this.legend();
      this.table.fill();
      this.timeline.surface.refresh();
    });
    byId("in").addEventListener("click", () => view.zoom(0.5));
    byId("out").addEventListener("click", () => view.zoom(2));
    byId("whole").addEventListener("click", () => view.whole());
    let waiting = 0;
    byId("search").addEventListener("input", (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.search(event.target.value), 80);
    });
    byId("search").addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        this.search(event.target.value);
        this.show("picks");
        this.step(1);
      } else if (event.key === "Escape") {
        event.target.value = "";
        this.search("");
        byId("timeline").focus();
      }
    });
  }

  show(name) {
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
  }

  tabs() {
    const names = ["picks", "figures", "about"];
    for (const [index, name] of names.entries()) {
      const tab = byId(`tab-${name}`);
      tab.addEventListener("click", () => this.show(name));
      tab.addEventListener("keydown", (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        const other = names[(index + by + names.length) % names.length];
        this.show(other);
        byId(`tab-${other}`).focus();
      });
    }
  }

  keys() {
    const { view } = this;
    const actions = {
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      "+": () => view.zoom(0.6, this.centre()),
      "=": () => view.zoom(0.6, this.centre()),
      "-": () => view.zoom(1 / 0.6, this.centre()),
      a: () => view.pan(-0.25 * view.span),
      d: () => view.pan(0.25 * view.span),
      Home: () => view.pan(-Infinity),
      End: () => view.pan(Infinity),
      0: () => view.whole(),
      "/": () => byId("search").focus(),
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, select, [role=tab]")) return;
      // Enter on a button presses it; Home and End in a sheet scroll it.
      if (event.key === "Enter" && event.target.closest("button, summary")) return;
      if ((event.key === "Home" || event.key === "End") && event.target.closest(".sheet, .why")) return;
      if (event.key === "Enter" && this.selected !== null) zoomTo(view, this.selected);
      else if (Object.hasOwn(actions, event.key)) actions[event.key]();
      else return;
      event.preventDefault();
    });
  }

  /** What zooming by keys keeps in place: the chosen pick, if it is in sight. */
  centre() {
    const { selected, view } = this;
    const inSight = selected !== null && selected.moment >= view.from && selected.moment <= view.to;
    return inSight ? selected.moment : (view.from + view.to) / 2;
  }

  paper() {
    const redraw = (paper) => {
      document.documentElement.classList.toggle("paper", paper);
      this.timeline.color = this.minimap.color = palette();
      this.timeline.surface.now();
      this.minimap.surface.now();
    };
    window.addEventListener("beforeprint", () => {
      this.table.all();
      redraw(true);
    });
    window.addEventListener("afterprint", () => redraw(false));
  }
}

start();
