// Holds what is chosen and what there is, and shows it anew whenever a file was saved.

import { ask, tell } from "./dialogs.js";
import { $, say } from "./dom.js";
import { showEdition } from "./edition.js";
import { closePost, goTo, isDirty, openPath, openPost, postChanged } from "./form.js";
import { look } from "./frames.js";
import { showAll, showEditions, showPosts } from "./posts.js";
import { listen, read, write } from "./server.js";

let state = null;

function chosen() {
  const [name, place] = location.hash.slice(1).split("?");
  const of = decodeURIComponent(name);
  const isThere = state.posts.some((post) => post.path === of) || state.editions.some((each) => `edition:${each.name}` === of);
  return isThere ? { of, place } : { of: state.editions[0] ? `edition:${state.editions[0].name}` : state.posts[0]?.path, place: "" };
}

function show() {
  const { of, place } = chosen();
  $("trouble").hidden = !state.trouble;
  $("trouble").textContent = state.trouble ?? "";
  showEditions(state, of);
  showPosts(state, of);
  const edition = state.editions.find((each) => `edition:${each.name}` === of);
  const post = state.posts.find((each) => each.path === of);
  look(of, edition ? edition.mark : post?.mark ?? "");
  if (edition) {
    closePost();
    showEdition(edition, state);
  } else if (post) showPost(post.path, place).catch((error) => say(error.message));
}

async function showPost(path, place) {
  const remarks = state.remarks.filter((each) => each.path === path);
  if (openPath() !== path) await openPost(path, remarks, place);
  else await postChanged(remarks);
}

async function newPost() {
  const said = await ask("A new post", { title: { label: "Its title", required: true, hint: "It can be changed later. The post is a draft until you say that it is ready." } }, "Begin");
  if (!said) return;
  try {
    const { path } = await write("/posts", said);
    await refresh();
    location.hash = encodeURIComponent(path);
  } catch (error) {
    await tell(error.message, "All right");
  }
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
  const { of, place } = chosen();
  choosePane("write");
  if (openPath() === of && place) goTo(place);
  show();
  if (!place) $("middle").focus({ preventScroll: true });
});
addEventListener("beforeunload", (event) => {
  if (isDirty()) event.preventDefault();
});
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "s") return;
  event.preventDefault();
  $("sheet")?.requestSubmit();
});
$("new").addEventListener("click", newPost);
$("search").addEventListener("input", () => showPosts(state, chosen().of));
$("more").addEventListener("click", () => {
  showAll();
  showPosts(state, chosen().of);
});
listen(refresh, () => say("The preview does not answer. Is it still running in the terminal?"));
