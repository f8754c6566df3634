// Curves in one SVG: axes, lines, a cursor that mouse, finger and arrow keys move, zoom by dragging.

import { make, number, seconds } from "./text.js";

const MARGIN = { left: 52, right: 10, top: 8, bottom: 24 };

// Round values that divide low..high into about `wanted` parts.
export function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(wanted, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high + step * 1e-9; place++) {
    found.push(place === 0 ? 0 : Number((place * step).toPrecision(12)));
  }
  return found;
}

function logTicks(low, high) {
  const found = [];
  const first = Math.floor(low);
  const last = Math.ceil(high);
  const apart = Math.max(1, Math.ceil((last - first) / 6));
  const within = last - first <= 2 ? [1, 2, 5] : [1];
  for (let power = first; power <= last; power += apart) {
    for (const factor of within) {
      const value = power + Math.log10(factor);
      if (value >= low - 1e-9 && value <= high + 1e-9) found.push(value);
    }
  }
  return found;
}

export class Chart {
  // `zoomed(low, high)` is called when the reader picks a stretch of x; nulls: all of it.
  constructor(label, zoomed) {
    this.zoomed = zoomed;
    this.lines = [];
    this.options = { log: false, time: false };
    this.cursor = null;
    this.svg = make("svg", { role: "img", tabindex: "0", "aria-label": label });
    this.tip = make("div", { class: "tip", hidden: true, "aria-live": "polite" });
    this.node = make("div", { class: "plot" }, this.svg, this.tip);
    this.svg.addEventListener("pointermove", (event) => this.#move(event));
    this.svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.svg.addEventListener("pointerup", (event) => this.#release(event));
    this.svg.addEventListener("pointercancel", () => (this.pressed = null));
    this.svg.addEventListener("pointerleave", () => this.#leave());
    this.svg.addEventListener("blur", () => this.#leave());
    this.svg.addEventListener("dblclick", () => this.zoomed(null, null));
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  // lines: [{name, colour, x, y, s, bad}]
  show(lines, options) {
    this.lines = lines;
    this.options = options;
    this.draw();
  }

  draw() {
    const width = this.svg.clientWidth;
    const height = this.svg.clientHeight;
    if (!width || !height) return;
    const log = this.options.log;
    const high = (value) => (value === null || (log && value <= 0) ? null : log ? Math.log10(value) : value);
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const line of this.lines) {
      for (const x of line.x) {
        if (x < x0) x0 = x;
        if (x > x1) x1 = x;
      }
      // With smoothing, the wildest hundredth of the values may leave the frame: one that is far
      // off would flatten everything else.
      const raw = line.y.map(high).filter((y) => y !== null).sort((a, b) => a - b);
      const last = raw.length - 1;
      const within = line.s ? [raw[Math.floor(last * 0.01)], raw[Math.ceil(last * 0.99)]] : [raw[0], raw[last]];
      for (const y of [...within, ...(line.s ?? []).map(high)]) {
        if (y === null || y === undefined) continue;
        if (y < y0) y0 = y;
        if (y > y1) y1 = y;
      }
    }
    if (this.options.low != null) x0 = this.options.low;
    if (this.options.high != null) x1 = this.options.high;
    if (!(x1 > x0)) [x0, x1] = Number.isFinite(x0) ? [x0 - 0.5, x0 + 0.5] : [0, 1];
    if (!Number.isFinite(y0)) [y0, y1] = [0, 1];
    if (y1 === y0) [y0, y1] = [y0 - (Math.abs(y0) * 0.1 || 0.5), y1 + (Math.abs(y1) * 0.1 || 0.5)];
    const pad = (y1 - y0) * 0.06;
    [y0, y1] = [y0 - pad, y1 + pad];
    const right = width - MARGIN.right;
    const bottom = height - MARGIN.bottom;
    this.toX = (x) => MARGIN.left + ((x - x0) / (x1 - x0)) * (right - MARGIN.left);
    this.toY = (y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - MARGIN.top);
    this.fromX = (place) => x0 + ((place - MARGIN.left) / (right - MARGIN.left)) * (x1 - x0);
    this.high = high;
    const parts = [];
    for (const y of log ? logTicks(y0, y1) : ticks(y0, y1, height / 38)) {
      const at = this.toY(y);
      parts.push(make("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }));
      const words = number(log ? 10 ** y : y, 3);
      parts.push(make("text", { x: MARGIN.left - 6, y: at + 4, "text-anchor": "end" }, words));
    }
    for (const x of ticks(x0, x1, width / 95)) {
      const words = this.options.time ? seconds(x) : number(x);
      parts.push(make("text", { x: this.toX(x), y: bottom + 16, "text-anchor": "middle" }, words));
    }
    parts.push(make("line", { class: "axis", x1: MARGIN.left, x2: right, y1: bottom, y2: bottom }));
    for (const line of this.lines) {
      if (line.s) parts.push(this.#path("raw", line, line.y));
      parts.push(this.#path("curve", line, line.s ?? line.y));
      for (const [x, word] of line.bad) {
        if (x < x0 || x > x1) continue;
        const mark = make("text", { x: this.toX(x), y: bottom - 3, "text-anchor": "middle" }, "×");
        mark.style.fill = line.colour;
        mark.append(make("title", {}, `${line.name}: ${word}`));
        parts.push(mark);
      }
    }
    this.over = make("g", {});
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    // Lines that the reader's stretch or the smooth scale leaves out end at the frame.
    this.svg.replaceChildren(...parts, this.over);
    this.#point();
  }

  #path(kind, line, values) {
    let words = "";
    let drawing = false;
    const bound = (y) => Math.min(Math.max(y, MARGIN.top), this.svg.clientHeight - MARGIN.bottom);
    line.x.forEach((x, place) => {
      const y = this.high(values[place]);
      if (y === null) {
        drawing = false;
        return;
      }
      const at = Math.min(Math.max(this.toX(x), MARGIN.left), this.svg.clientWidth - MARGIN.right);
      const next = this.high(values[place + 1] ?? null);
      const spot = `${at.toFixed(1)} ${bound(this.toY(y)).toFixed(1)}`;
      words += `${drawing ? "L" : "M"}${spot}`;
      // A point with gaps on both sides would not show.
      if (!drawing && next === null) words += "h.1";
      drawing = true;
    });
    const path = make("path", { class: kind, d: words, "stroke-linecap": "round" });
    path.style.stroke = line.colour;
    return path;
  }

  #all() {
    return [...new Set(this.lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  }

  #move(event) {
    const place = event.clientX - this.svg.getBoundingClientRect().left;
    if (!this.fromX) return;
    this.cursor = this.fromX(place);
    if (this.pressed != null && Math.abs(place - this.pressed) > 6) this.dragged = place;
    this.#point();
  }

  #press(event) {
    if (event.pointerType === "mouse") {
      this.pressed = event.clientX - this.svg.getBoundingClientRect().left;
      this.dragged = null;
      this.svg.setPointerCapture(event.pointerId);
    } else this.#move(event);
  }

  #release() {
    if (this.pressed != null && this.dragged != null) {
      const ends = [this.fromX(this.pressed), this.fromX(this.dragged)].sort((a, b) => a - b);
      this.zoomed(...ends);
    }
    this.pressed = this.dragged = null;
  }

  #leave() {
    if (this.pressed != null || document.activeElement === this.svg && this.byKey) return;
    this.cursor = null;
    this.#point();
  }

  #key(event) {
    const places = this.#all();
    if (!places.length) return;
    if (event.key === "Escape") {
      this.byKey = false;
      this.cursor = null;
      this.zoomed(null, null);
      this.#point();
      return;
    }
    const step = event.shiftKey ? Math.max(1, Math.round(places.length / 20)) : 1;
    const now = this.cursor === null ? -1 : places.findIndex((x) => x >= this.cursor);
    const to = { ArrowLeft: now < 0 ? places.length - 1 : now - step, ArrowRight: now + step,
      Home: 0, End: places.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.byKey = true;
    this.cursor = places[Math.min(Math.max(to, 0), places.length - 1)];
    this.#point();
  }

  // The cursor: a line, a dot on each curve, and a table of what they are there.
  #point() {
    if (!this.over) return;
    this.over.replaceChildren();
    if (this.pressed != null && this.dragged != null) {
      const [from, to] = [this.pressed, this.dragged].sort((a, b) => a - b);
      const bottom = this.svg.clientHeight - MARGIN.bottom;
      this.over.append(make("rect", { class: "pick", x: from, width: to - from, y: MARGIN.top,
        height: bottom - MARGIN.top }));
    }
    this.tip.hidden = this.cursor === null || !this.lines.length;
    if (this.tip.hidden) return;
    const rows = [];
    let spot = null;
    for (const line of this.lines) {
      const place = nearest(line.x, this.cursor);
      if (place < 0) continue;
      const x = line.x[place];
      // Before a run began and after it ended it has no value.
      const ends = this.fromX(MARGIN.left + 12) - this.fromX(MARGIN.left);
      if (this.cursor < line.x[0] - ends || this.cursor > line.x.at(-1) + ends) continue;
      if (spot === null || Math.abs(x - this.cursor) < Math.abs(spot - this.cursor)) spot = x;
      const smooth = line.s ? line.s[place] : null;
      const y = this.high(smooth ?? line.y[place]);
      if (y !== null) {
        const dot = make("circle", { cx: this.toX(x), cy: this.toY(y), r: 3.5 });
        dot.style.fill = line.colour;
        this.over.append(dot);
      }
      const bad = line.bad.find(([at]) => at === x);
      const value = line.y[place] === null ? (bad ? bad[1] : "–") : number(line.y[place], 5);
      rows.push([smooth ?? line.y[place] ?? -Infinity, make("tr", {},
        make("td", {}, swatch(line.colour)), make("td", {}, line.name),
        make("td", { class: "n" }, line.s ? number(smooth, 5) : value),
        line.s ? make("td", { class: "n note" }, `(${value})`) : null)]);
    }
    if (spot === null) return;
    const at = this.toX(spot);
    const bottom = this.svg.clientHeight - MARGIN.bottom;
    this.over.prepend(make("line", { class: "cursor", x1: at, x2: at, y1: MARGIN.top, y2: bottom }));
    const head = this.options.time ? seconds(spot) : `step ${number(spot)}`;
    rows.sort((a, b) => b[0] - a[0]);
    this.tip.replaceChildren(make("b", {}, head), make("table", {}, ...rows.map((row) => row[1])));
    const room = this.svg.clientWidth;
    const left = at + 14 + this.tip.offsetWidth < room ? at + 14 : at - 14 - this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(left, room - this.tip.offsetWidth))}px`;
    this.tip.style.top = `${MARGIN.top}px`;
  }
}

export function swatch(colour) {
  return make("span", { class: "swatch", style: { background: colour }, "aria-hidden": "true" });
}

// The place in the rising list `xs` that lies nearest to x; -1 if it is empty.
function nearest(xs, x) {
  if (!xs.length) return -1;
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle;
    else high = middle;
  }
  return Math.abs(xs[low] - x) <= Math.abs(xs[high] - x) ? low : high;
}
