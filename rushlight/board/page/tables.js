// What one run has: its layers, the time of its kernels. Panels as in panels.js.

import { Loader, nothing } from "./cards.js";
import { count, get, make, seconds, short } from "./text.js";

// A choice of one run, then what it has.
class OneRun {
  constructor(state, kind, words) {
    this.state = state;
    this.kind = kind;
    this.choice = make("select", { "aria-label": "run" });
    this.choice.addEventListener("change", () => this.update());
    this.note = nothing(words);
    this.bar = make("div", { class: "bar" }, make("label", {}, "Run", this.choice));
    this.content = make("section", { class: "card" });
    this.node = make("div", {}, this.note, this.bar, this.content);
    this.loader = new Loader(() => this.#load());
  }

  update() {
    const runs = this.state.shown().filter((run) => run[this.kind]);
    this.note.hidden = runs.length > 0;
    this.bar.hidden = this.content.hidden = !runs.length;
    this.bar.style.display = runs.length ? "" : "none";
    const ids = runs.map((run) => run.id).join("\n");
    if (ids !== this.ids) {
      const before = this.choice.value;
      this.choice.replaceChildren(...runs.map((run) => make("option", { value: run.id }, run.name)));
      this.choice.value = runs.some((run) => run.id === before) ? before : (runs.at(-1)?.id ?? "");
      this.ids = ids;
    }
    this.run = runs.find((run) => run.id === this.choice.value);
    const mark = this.run && `${this.run.id} ${this.run.revision}`;
    if (this.run && mark !== this.mark) {
      this.mark = mark;
      this.loader.ask();
    }
  }

  async #load() {
    const found = await get(`/api/${this.kind}`, { run: this.run.id });
    if (found[this.kind]) this.show(found[this.kind]);
  }
}

export class Model extends OneRun {
  constructor(state) {
    super(state, "model", "No model in the chosen runs. In the program: run.model(model)");
  }

  show({ layers, parameters, trainable }) {
    const words = JSON.stringify(layers);
    if (words === this.words) return; // it has not changed: leave the reader's place alone
    this.words = words;
    const outputs = layers.some((row) => row.output);
    const rows = layers.map((row) => {
      const shapes = Object.entries(row.shapes).map(([name, shape]) => `${name} [${shape.join(", ")}]`);
      const depth = row.name ? row.name.split(".").length : 0;
      const name = make("code", {}, row.name || "(whole)");
      name.style.marginLeft = `${Math.min(depth, 8) * 12}px`;
      return make("tr", {}, make("td", {}, name),
        make("td", {}, row.class, make("small", {}, row.about)),
        outputs ? make("td", {}, make("code", {}, row.output)) : null,
        make("td", {}, make("code", {}, shapes.join("  "))),
        make("td", { class: "n" }, row.parameters ? count(row.parameters) : ""));
    });
    const head = ["layer", "class", ...(outputs ? ["output"] : []), "parameters"];
    const frozen = parameters - trainable;
    this.content.replaceChildren(make("div", { class: "top" },
      make("h2", {}, `${count(parameters)} parameters`),
      make("span", { class: "note" }, frozen ? `${count(frozen)} of them frozen` : "all trained")),
      make("div", { class: "scroll" }, make("table", { class: "rows" },
        make("thead", {}, make("tr", {}, ...head.map((word) => make("th", {}, word)), make("th", { class: "n" }, "count"))),
        make("tbody", {}, ...rows))));
  }
}

export class Kernels extends OneRun {
  constructor(state) {
    super(state, "kernels", "No kernel times in the chosen runs: they come five seconds after a run began, or at its end.");
  }

  show({ rows, runs, time }) {
    const whole = rows.reduce((sum, row) => sum + row[2], 0);
    const longest = Math.max(...rows.map((row) => row[2]), 1e-12);
    const lines = rows.map(([name, calls, spent, flops, bytes]) => {
      const facts = [seconds(spent), `${((100 * spent) / whole).toFixed(1)} %`, `${count(calls)} ×`];
      if (flops && spent) facts.push(short(flops / spent, "FLOP/s"));
      else if (bytes && spent) facts.push(short(bytes / spent, "B/s"));
      const bar = make("rect", { width: `${(100 * spent) / longest}%`, height: 10, rx: 3 });
      bar.style.fill = this.run.colour;
      return make("div", { class: "kernel" }, make("div", {}, make("code", {}, name), make("span", {}, facts.join("  ·  "))),
        make("svg", { "aria-hidden": "true" }, bar));
    });
    const share = time > 0 ? `, ${((100 * whole) / time).toFixed(0)} % of the run's ${seconds(time)}` : "";
    this.content.replaceChildren(make("div", { class: "top" }, make("h2", {}, `${seconds(whole)} in kernels${share}`),
      make("span", { class: "note" }, `${count(runs)} plans run`)), ...lines);
  }
}
