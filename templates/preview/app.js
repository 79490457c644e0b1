// Holds what is chosen and what there is, and shows it anew whenever a file was saved.

import { $, fill, make, say } from "./dom.js";
import { showEdition } from "./edition.js";
import { look } from "./frames.js";
import { showAll, showEditions, showPosts } from "./posts.js";
import { listen, read } from "./server.js";

let state = null;

function chosen() {
  const [name, place] = location.hash.slice(1).split("?");
  const of = decodeURIComponent(name);
  const isThere = state.posts.some((post) => post.path === of) || state.editions.some((each) => `edition:${each.name}` === of);
  return isThere ? { of, place } : { of: state.editions[0] ? `edition:${state.editions[0].name}` : state.posts[0]?.path, place: "" };
}

function show() {
  const { of } = chosen();
  $("trouble").hidden = !state.trouble;
  $("trouble").textContent = state.trouble ?? "";
  showEditions(state, of);
  showPosts(state, of);
  const edition = state.editions.find((each) => `edition:${each.name}` === of);
  const post = state.posts.find((each) => each.path === of);
  if (edition) showEdition(edition, state);
  if (post) fill($("middle"), make("h1", { textContent: post.title }));
  look(of, edition ? edition.mark : post?.mark ?? "");
}

async function refresh() {
  try {
    state = await read("/state");
    show();
    say("Up to date");
  } catch (error) {
    say(error.message);
  }
}

function choosePane(name) {
  document.body.dataset.pane = name;
  for (const button of document.querySelectorAll(".panes button")) {
    button.setAttribute("aria-pressed", String(button.dataset.pane === name));
  }
}

for (const button of document.querySelectorAll(".panes button")) {
  button.addEventListener("click", () => choosePane(button.dataset.pane));
}
choosePane("write");
addEventListener("hashchange", () => {
  choosePane("write");
  show();
});
$("search").addEventListener("input", () => showPosts(state, chosen().of));
$("more").addEventListener("click", () => {
  showAll();
  showPosts(state, chosen().of);
});
listen(refresh, () => say("The preview does not answer. Is it still running in the terminal?"));
