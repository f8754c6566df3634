// The page: what is chosen, the list of runs, the tabs, and when to look again.

import { swatch } from "./chart.js";
import { Curves, Histograms, Images } from "./panels.js";
import { Kernels, Model } from "./tables.js";
import { count, get, make, seconds } from "./text.js";

const COLOURS = 8;
const TABS = { curves: ["Curves", Curves], images: ["Images", Images],
  histograms: ["Histograms", Histograms], model: ["Model", Model], kernels: ["Kernels", Kernels] };
const KEPT = "rushlight-board";

const state = { runs: [], hidden: new Set(), tab: "curves", smooth: 0.6, log: false, x: "step", find: "", ...kept() };
const element = (id) => document.getElementById(id);
const panels = {};

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return { ...found, hidden: new Set(found.hidden ?? []) };
  } catch {
    return {}; // storage is switched off, or not ours
  }
}

export function keep() {
  const { hidden, tab, smooth, log, x } = state;
  try {
    localStorage.setItem(KEPT, JSON.stringify({ hidden: [...hidden], tab, smooth, log, x }));
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
}

state.keep = keep;
state.shown = () => state.runs.filter((run) => !state.hidden.has(run.id));

function choose(tab, focus = false) {
  state.tab = tab in TABS ? tab : "curves";
  keep();
  for (const button of element("tabs").children) {
    const chosen = button.dataset.tab === state.tab;
    button.setAttribute("aria-selected", chosen);
    button.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) button.focus();
    if (chosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  const panel = (panels[state.tab] ??= new TABS[state.tab][1](state));
  element("panel").setAttribute("aria-labelledby", `tab-${state.tab}`);
  show(panel);
}

function show(panel) {
  element("panel").replaceChildren(state.runs.length ? panel.node : empty());
  panel.update();
}

function empty() {
  const words = 'from rushlight import board\n\nwith board.Run("first") as run:\n    run.log(loss=loss)';
  return make("div", { class: "empty" }, make("h2", {}, "No runs here yet"),
    make("p", {}, `They appear by themselves once a program logs to ${state.folder ?? "this folder"}:`),
    make("pre", {}, words));
}

function tabs() {
  const names = Object.keys(TABS);
  for (const name of names) {
    element("tabs").append(make("button", { type: "button", role: "tab", id: `tab-${name}`, "data-tab": name,
      "aria-controls": "panel", onclick: () => choose(name) }, TABS[name][0]));
  }
  element("tabs").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(names[(names.indexOf(state.tab) + step + names.length) % names.length], true);
  });
}

function toggled() {
  keep();
  sidebar();
  panels[state.tab].update();
}

const lines = new Map(); // a run's id: its line in the list

function sidebar() {
  element("count").textContent = state.runs.length ? `(${state.shown().length} of ${state.runs.length})` : "";
  for (const [id, line] of lines) {
    if (!state.runs.some((run) => run.id === id)) {
      line.node.remove();
      lines.delete(id);
    }
  }
  for (const run of state.runs) {
    let line = lines.get(run.id);
    if (!line) {
      const box = make("input", { type: "checkbox" });
      box.addEventListener("change", () => {
        box.checked ? state.hidden.delete(run.id) : state.hidden.add(run.id);
        toggled();
      });
      line = { box, status: make("span", { class: "status" }), about: make("div", { class: "about" }) };
      line.swatch = swatch(run.colour);
      line.node = make("li", {}, make("label", {}, box, line.swatch, make("b", {}, run.name), line.status), line.about);
      line.words = make("span");
      line.config = make("dl");
      line.about.append(line.words);
      if (Object.keys(run.config).length) {
        line.about.append(make("details", {}, make("summary", {}, "config"), line.config));
      }
      lines.set(run.id, line);
      element("runs").append(line.node);
    }
    line.box.checked = !state.hidden.has(run.id);
    line.swatch.style.background = run.colour;
    line.status.className = `status ${run.status}`;
    line.status.textContent = run.status;
    line.status.title = run.error;
    const began = run.start ? new Date(run.start * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "";
    const step = run.step === null ? "" : ` · step ${count(run.step)}`;
    line.words.textContent = `${began} · ${seconds(run.seconds)}${step}${run.error ? ` · ${run.error}` : ""}`;
    const config = JSON.stringify(run.config);
    if (line.shown !== config) {
      line.shown = config;
      line.config.replaceChildren(...Object.entries(run.config).flatMap(([key, value]) => [
        make("dt", {}, key), make("dd", {}, typeof value === "string" ? value : JSON.stringify(value))]));
    }
  }
}

let looking = false;
let again = false;

async function look() {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const had = state.runs.length > 0;
    const found = await get("/api/runs", {});
    state.folder = found.folder;
    state.runs = found.runs.map((run, place) => ({ ...run, colour: `var(--c${place % COLOURS})` }));
    sidebar();
    if (had !== state.runs.length > 0) choose(state.tab);
    else panels[state.tab].update();
  } finally {
    looking = false;
  }
  if (again) {
    again = false;
    setTimeout(look, 500);
  }
}

function status(kind, words) {
  element("state").className = kind;
  element("state").textContent = words;
}

function listen() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => status("live", "live"));
  events.addEventListener("message", () => look().catch(() => status("lost", "no answer")));
  events.addEventListener("error", () => status("lost", "server has gone, trying again"));
}

tabs();
element("all").addEventListener("click", () => { state.hidden.clear(); toggled(); });
element("none").addEventListener("click", () => { state.runs.forEach((run) => state.hidden.add(run.id)); toggled(); });
if (matchMedia("(max-width: 760px)").matches) element("side").open = false;
choose(state.tab);
listen();
