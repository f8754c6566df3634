// Cards that load what they show when it is seen, one request at a time.

import { make } from "./text.js";

// Loads one thing at a time: asked again while loading, it loads once more afterwards.
export class Loader {
  constructor(load) {
    this.load = load;
  }

  async ask() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        await this.load();
      } while (this.again);
    } catch (error) {
      console.warn(String(error)); // the server went away; the next event asks again
    } finally {
      this.busy = false;
    }
  }
}

// Cards by key, made when first needed, loaded only while they can be seen.
export class Cards {
  constructor(create) {
    this.create = create;
    this.cards = new Map();
    this.node = make("div", { class: "cards" });
    this.watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const card = entry.target.card;
        card.visible = entry.isIntersecting;
        if (card.visible && card.stale) this.#load(card);
      }
    }, { rootMargin: "200px" });
  }

  #load(card) {
    card.stale = false;
    card.loader.ask();
  }

  // wanted: [[key, mark, ...what create needs]]; a card whose mark is another is loaded again.
  show(wanted) {
    const keys = new Set(wanted.map(([key]) => key));
    for (const [key, card] of this.cards) {
      if (keys.has(key)) continue;
      this.watcher.unobserve(card.node);
      card.node.remove();
      this.cards.delete(key);
    }
    for (const [key, mark, ...facts] of wanted) {
      let card = this.cards.get(key);
      if (!card) {
        card = this.create(...facts);
        card.loader = new Loader(() => card.load());
        card.node.card = card;
        this.cards.set(key, card);
        this.node.append(card.node);
        this.watcher.observe(card.node);
      }
      card.facts = facts;
      if (card.mark === mark) continue;
      card.mark = mark;
      card.stale = true;
      if (card.visible) this.#load(card);
    }
  }
}

export function nothing(words) {
  return make("p", { class: "empty" }, words);
}

export function distinct(lists) {
  return [...new Set(lists.flat())];
}
