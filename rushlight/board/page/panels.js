// Curves, pictures, histograms. A panel has a node and update(), which may be called as often as one
// likes.

import { Cards, distinct, nothing } from "./cards.js";
import { Chart, swatch, ticks } from "./chart.js";
import { count, get, make, number } from "./text.js";

export class Curves {
  constructor(state) {
    this.state = state;
    this.cards = new Cards((tag) => new CurveCard(tag, this));
    this.note = nothing("Nothing was logged by the chosen runs. In the program: run.log(loss=loss)");
    const smooth = make("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: state.smooth, id: "smooth" });
    const said = make("output", { for: "smooth" }, Number(state.smooth).toFixed(2));
    smooth.addEventListener("input", () => {
      state.smooth = Number(smooth.value);
      said.textContent = state.smooth.toFixed(2);
      this.#changed();
    });
    const axis = make("select", { id: "axis" }, make("option", { value: "step" }, "step"), make("option", { value: "time" }, "time"));
    axis.value = state.x;
    axis.addEventListener("change", () => {
      state.x = axis.value;
      for (const card of this.cards.cards.values()) card.low = card.high = null;
      this.#changed();
    });
    const log = make("input", { type: "checkbox", id: "log" });
    log.checked = state.log;
    log.addEventListener("change", () => {
      state.log = log.checked;
      this.#changed();
    });
    const find = make("input", { type: "search", placeholder: "loss", id: "find", size: 12 });
    find.addEventListener("input", () => {
      state.find = find.value;
      this.update();
    });
    this.node = make("div", {}, make("div", { class: "bar" },
      make("label", {}, "Smoothing", smooth, said), make("label", {}, "along", axis),
      make("label", {}, log, "log scale"), make("label", {}, "only", find)), this.note, this.cards.node);
  }

  #changed() {
    this.state.keep();
    this.update();
  }

  update() {
    const { state } = this;
    const runs = state.shown();
    const find = state.find.toLowerCase();
    const tags = distinct(runs.map((run) => run.scalars)).filter((tag) => tag.toLowerCase().includes(find));
    this.note.hidden = tags.length > 0;
    const choice = `${state.smooth} ${state.x} ${state.log}`;
    this.cards.show(tags.map((tag) => {
      const having = runs.filter((run) => run.scalars.includes(tag));
      const mark = having.map((run) => `${run.id} ${run.colour} ${run.revision}`).join("\n");
      return [tag, `${choice}\n${mark}`, tag, having];
    }));
  }
}

class CurveCard {
  constructor(tag, panel) {
    this.tag = tag;
    this.panel = panel;
    this.low = this.high = null;
    this.chart = new Chart(`${tag}: curves; arrow keys read values`, (low, high) => {
      [this.low, this.high] = [low, high];
      this.loader.ask();
    });
    this.note = make("span", { class: "note" });
    this.whole = make("button", { type: "button", hidden: true, onclick: () => this.chart.zoomed(null, null) }, "whole");
    const wide = make("button", { type: "button", "aria-pressed": "false", title: "larger" }, "⤢");
    wide.addEventListener("click", () => {
      const large = this.node.classList.toggle("wide");
      this.chart.node.classList.toggle("wide", large);
      wide.setAttribute("aria-pressed", large);
    });
    wide.setAttribute("aria-label", `${tag} larger`);
    this.node = make("section", { class: "card" }, make("div", { class: "top" }, make("h2", {}, tag),
      make("span", {}, this.note, " ", this.whole, " ", wide)), this.chart.node);
  }

  async load() {
    const { state } = this.panel;
    const runs = this.facts[1];
    const facts = [["tag", this.tag], ["x", state.x], ["smooth", state.smooth],
      ["points", Math.max(200, Math.min(2000, this.node.clientWidth * 2))], ...runs.map((run) => ["run", run.id])];
    if (this.low !== null) facts.push(["low", this.low], ["high", this.high]);
    const options = { log: state.log, time: state.x === "time", low: this.low, high: this.high };
    const { curves } = await get("/api/scalars", facts);
    const lines = runs.filter((run) => curves[run.id]).map((run) => ({ name: run.name, colour: run.colour, ...curves[run.id] }));
    this.chart.show(lines, options);
    this.whole.hidden = this.low === null;
    const values = lines.map((line) => line.y.findLast((value) => value !== null)).filter((value) => value !== undefined);
    this.note.textContent = values.length === 1 ? number(values[0]) : "";
  }
}

// Cards of one name in one run: pictures and histograms.
class PerRun {
  constructor(state, kind, card, words) {
    this.state = state;
    this.kind = kind;
    this.cards = new Cards((tag, run) => new card(tag, run));
    this.note = nothing(words);
    this.node = make("div", {}, this.note, this.cards.node);
  }

  update() {
    const runs = this.state.shown();
    const wanted = distinct(runs.map((run) => run[this.kind])).flatMap((tag) => runs
      .filter((run) => run[this.kind].includes(tag))
      .map((run) => [`${run.id}\n${tag}`, `${run.colour} ${run.revision}`, tag, run]));
    this.note.hidden = wanted.length > 0;
    this.cards.show(wanted);
  }
}

export class Images extends PerRun {
  constructor(state) {
    super(state, "images", ImageCard, 'No pictures in the chosen runs. In the program: run.image("inputs", images)');
  }
}

export class Histograms extends PerRun {
  constructor(state) {
    super(state, "histograms", HistogramCard, 'No histograms in the chosen runs. In the program: run.histogram("weight", layer.weight)');
  }
}

// A card with a slider over steps; it stays at the newest step if it was there.
class StepCard {
  constructor(tag, run, path, content) {
    this.tag = tag;
    this.path = path;
    this.rows = [];
    this.slider = make("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": `step of ${tag}, ${run.name}` });
    this.said = make("output");
    this.slider.addEventListener("input", () => this.#picked());
    this.swatch = swatch(run.colour);
    this.node = make("section", { class: "card" }, make("div", { class: "top" }, make("h2", {}, tag),
      make("span", { class: "note" }, run.name)), content, make("div", { class: "slide" }, this.swatch, this.slider, this.said));
  }

  async load() {
    const run = this.facts[1];
    this.swatch.style.background = run.colour;
    const { rows } = await get(this.path, [["tag", this.tag], ["run", run.id]]);
    const newest = Number(this.slider.value) >= this.rows.length - 1;
    this.rows = rows[run.id] ?? [];
    this.slider.max = Math.max(this.rows.length - 1, 0);
    if (newest) this.slider.value = this.slider.max;
    this.slider.disabled = this.rows.length < 2;
    this.loaded?.(run);
    this.#picked();
  }

  #picked() {
    const row = this.rows[Number(this.slider.value)];
    if (!row) return;
    const words = `step ${count(row.step)}`;
    this.said.textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
    this.pick(row, this.facts[1]);
  }
}

class ImageCard extends StepCard {
  constructor(tag, run) {
    const picture = make("img", { class: "picture", alt: `${tag} of ${run.name}` });
    super(tag, run, "/api/images", picture);
    this.picture = picture;
  }

  pick(row, run) {
    const path = `/image/${encodeURIComponent(run.id)}/${row.file}`;
    if (this.picture.getAttribute("src") !== path) this.picture.src = path;
    [this.picture.width, this.picture.height] = row.size;
  }
}

const RIDGES = { width: 400, height: 230, top: 44, bottom: 22 };

// Every step's histogram a ridge, the oldest at the back; the chosen one stands out.
class HistogramCard extends StepCard {
  constructor(tag, run) {
    const svg = make("svg", { viewBox: `0 0 ${RIDGES.width} ${RIDGES.height}`, role: "img", "aria-label": `histograms of ${tag}` });
    const words = make("p", { class: "note" });
    super(tag, run, "/api/histograms", make("div", {}, make("div", { class: "plot" }, svg), words));
    this.svg = svg;
    this.words = words;
  }

  loaded(run) {
    const { width, height, bottom } = RIDGES;
    const rows = this.rows.filter((row) => row.counts);
    const top = Math.max(RIDGES.top, (height - bottom) / (rows.length || 1));
    const low = Math.min(...rows.map((row) => row.low));
    const high = Math.max(...rows.map((row) => row.high));
    // Bars of equal area: ranges differ from step to step.
    const dense = (row) => Math.max(...row.counts) / (row.high - row.low) * row.counts.length;
    const most = Math.max(...rows.map(dense));
    const toX = (value) => 6 + ((value - low) / (high - low)) * (width - 12);
    this.ridges = new Map();
    const parts = rows.map((row, place) => {
      const base = rows.length < 2 ? height - bottom : top + ((height - bottom - top) * place) / (rows.length - 1);
      const tall = (top - 6) / most / (row.high - row.low) * row.counts.length;
      const step = (row.high - row.low) / row.counts.length;
      let path = `M${toX(row.low).toFixed(1)} ${base.toFixed(1)}`;
      row.counts.forEach((many, bin) => {
        path += `L${toX(row.low + (bin + 0.5) * step).toFixed(1)} ${(base - many * tall).toFixed(1)}`;
      });
      path += `L${toX(row.high).toFixed(1)} ${base.toFixed(1)}`;
      const ridge = make("path", { d: path });
      Object.assign(ridge.style, { fill: run.colour, stroke: "var(--card)", strokeWidth: 1,
        fillOpacity: 0.25 + (0.5 * (place + 1)) / rows.length });
      this.ridges.set(row.step, ridge);
      return ridge;
    });
    if (rows.length) {
      for (const value of ticks(low, high, 5)) {
        parts.push(make("text", { x: toX(value), y: height - 6, "text-anchor": "middle" }, number(value)));
      }
    }
    this.svg.replaceChildren(...parts);
  }

  pick(row) {
    for (const [step, ridge] of this.ridges) {
      ridge.style.stroke = step === row.step ? "var(--ink)" : "var(--card)";
    }
    const bad = row.bad ? `${count(row.bad)} NaN or infinite` : "";
    this.words.textContent = row.counts
      ? `mean ${number(row.mean)}, deviation ${number(row.deviation)}, ${number(row.low, 3)} to ${number(row.high, 3)}${bad && `, ${bad}`}`
      : bad;
  }
}
