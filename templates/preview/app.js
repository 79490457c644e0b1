// Holds what is chosen and what there is, and shows it anew whenever a file was saved.

import { ask, tell } from "./dialogs.js";
import { $, fill, make, say } from "./dom.js";
import { showEdition } from "./edition.js";
import { closePost, goTo, isDirty, openPath, openPost, postChanged, postGone } from "./form.js";
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
  fill($("trouble"), make("strong", { textContent: "Nothing newer can be shown until this is mended:" }), ` ${state.trouble ?? ""}`);
  showEditions(state, of);
  showPosts(state, of);
  const open = openPath();
  const isGone = open && decodeURIComponent(location.hash.slice(1).split("?")[0]) === open && !state.posts.some((each) => each.path === open);
  if (isGone && postGone()) return;
  const edition = state.editions.find((each) => `edition:${each.name}` === of);
  const post = state.posts.find((each) => each.path === of);
  document.body.dataset.shows = edition ? "edition" : "post";
  document.querySelector(".panes [data-pane=write]").textContent = edition ? "About" : "Write";
  look(of, { mail: edition?.mark ?? post?.mark ?? "", feed: edition ? state.feed_mark : post?.mark });
  if (edition) {
    closePost();
    showEdition(edition, state);
  } else if (post) showPost(post.path, place).catch((error) => cannotOpen(post, error));
}

function cannotOpen(post, error) {
  if (chosen().of !== post.path || openPath() === post.path) return say(error.message);
  fill($("middle"), make("h2", { className: "headline", textContent: post.title }), make("p", { className: "trouble", role: "alert", textContent: error.message }));
}

async function showPost(path, place) {
  if (openPath() !== path) await openPost(path, place);
  else await postChanged(state.posts.find((each) => each.path === path).mark);
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

let asked = 0; // answers may overtake each other; only the newest counts

async function refresh() {
  const number = (asked += 1);
  try {
    const answer = await read("/state");
    if (number !== asked) return;
    state = answer;
    show();
    say(state.trouble ? "Not up to date" : "Up to date");
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
