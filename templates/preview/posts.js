// The list on the left: the next editions, and every post.

import { $, count, fill, make } from "./dom.js";

const FIRST = 60;
let all = false;

export function showEditions(state, chosen) {
  fill($("editions"), ...state.editions.map((edition) => {
    const name = `edition:${edition.name}`;
    const what = edition.subject ? count(edition.posts.length, "post", "posts") : "no post yet";
    return make("li", {}, link(name, name === chosen,
      make("strong", { textContent: edition.label }),
      make("span", { className: "about" }, make("span", { textContent: edition.when }), make("span", { textContent: what })),
      edition.stops ? make("span", { className: "chip stops", textContent: "Stopped" }) : null,
    ));
  }));
}

export function showPosts(state, chosen) {
  const words = $("search").value.trim().toLowerCase();
  const found = state.posts.filter((post) => post.title.toLowerCase().includes(words) || post.path.includes(words));
  const shown = all || words ? found.slice(0, 1000) : found.slice(0, FIRST);
  fill($("posts"), ...shown.map((post) => make("li", {}, link(post.path, post.path === chosen,
    make("strong", { textContent: post.title }),
    make("span", { className: "about" },
      post.date,
      post.state === "published" ? null : make("span", { className: `chip ${post.state}`, textContent: post.state_words }),
      post.in_edition ? make("span", { className: "chip next", textContent: "In the next edition" }) : null,
      post.remarks ? make("span", { className: "chip remarks", textContent: count(post.remarks, "remark", "remarks") }) : null,
    ),
  ))), found.length ? null : make("li", { className: "none", textContent: words ? "No title holds these words." : "There is no post yet." }));
  $("more").hidden = shown.length === found.length;
  $("more").textContent = `Show all ${count(found.length, "post", "posts")}`;
}

export function showAll() {
  all = true;
}

function link(name, isChosen, ...children) {
  return make("a", { href: `#${encodeURIComponent(name)}`, "aria-current": isChosen ? "true" : null }, ...children);
}
