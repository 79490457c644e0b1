// The middle while a post is written: its fields, and saving them into its file.

import { tell } from "./dialogs.js";
import { $, fill, make, newId, say } from "./dom.js";
import { askForPicture, editor, send } from "./editor.js";
import { choice, line, moment, part, text, tick } from "./fields.js";
import { peopleField } from "./people.js";
import { FIELDS, remarkList } from "./remarks.js";
import { read, write } from "./server.js";

const unsaved = { form: new Map(), whole: new Map() }; // by path, what was written and left without saving
let sheet = null;
let opening = null; // the path that is being read, so that a slow answer opens nothing that was left meanwhile
let saves = 0; // begun and ended; what was read across one of them is out of date

export const openPath = () => sheet?.path;
export const isDirty = () => unsaved.form.size + unsaved.whole.size > 0 || Boolean(sheet?.isChanged());

export async function openPost(path, place) {
  if (opening === path) return;
  closePost();
  opening = path;
  const opened = await read(`/form?of=${encodeURIComponent(path)}`).catch((error) => {
    if (opening === path) opening = null;
    throw error;
  });
  if (opening !== path) return;
  opening = null;
  showSheet(path, opened);
  await showRemarks();
  if (place && openPath() === path) goTo(place);
}

export function closePost() {
  if (sheet?.isChanged()) unsaved[sheet.kind].set(sheet.path, { base: sheet.base, content: sheet.content() });
  sheet = null;
  opening = null;
}

// The file of the open post was deleted. Returns whether that is told here, because something would be lost otherwise.
export function postGone() {
  if (!sheet?.isChanged()) return false;
  if (!$("conflict").childElementCount) showGone(sheet);
  return true;
}

// The file may have been changed by somebody else: shown anew if nothing would be lost here. `mark` is another one
// whenever it was changed; a file that cannot be read has none.
export async function postChanged(mark) {
  await showRemarks();
  if (!sheet || (mark && sheet.mark === mark)) return;
  const { path } = sheet;
  const before = saves;
  const opened = await read(`/form?of=${encodeURIComponent(path)}`);
  if (sheet?.path !== path || saves !== before) return;
  sheet.mark = mark;
  if (opened.base === sheet.base) return;
  if (sheet.isChanged()) say("This post was changed in its file meanwhile. Nothing is lost when you save.");
  else {
    showSheet(path, opened);
    await showRemarks();
  }
}

export function goTo(place) {
  const [name, line] = place.split(",");
  const field = $(`field-${FIELDS[name]?.field ?? name}`) ?? $("field-body") ?? $("field-whole");
  for (let around = field; around; around = around.parentElement) if (around.tagName === "DETAILS") around.open = true;
  field.scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
  if (line && name === "body") sheet.goTo(Number(line));
}

async function showRemarks() {
  const { path } = sheet;
  const remarks = await read(`/remarks?of=${encodeURIComponent(path)}`).catch((error) => {
    say(error.message);
    return [];
  });
  if (openPath() === path) fill($("remarks"), remarkList(remarks, { heading: "What to look at in this post", path }));
}

// Shows the file with what was left in it. What was written in its fields waits until it can be read again.
function showSheet(path, opened) {
  const kind = opened.form && !unsaved.whole.has(path) ? "form" : "whole";
  const left = unsaved[kind].get(path);
  unsaved[kind].delete(path);
  const parts = kind === "form" ? formParts(path, opened, left?.content.form) : wholeParts(opened, left?.content.whole);
  const before = JSON.stringify({ [kind]: opened[kind] });
  const saveButton = make("button", { type: "submit", textContent: "Save" });
  sheet = { path, kind, base: left?.base ?? opened.base, content: parts.content, goTo: parts.goTo, isChanged: () => JSON.stringify(parts.content()) !== before };
  const form = make("form", { className: "sheet", id: "sheet", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    save();
  } },
    make("div", { id: "conflict" }),
    make("div", { id: "remarks" }),
    ...parts.elements,
    make("div", { className: "saving row" }, make("span", { id: "saved", className: "about", role: "status", textContent: path.split("/").pop() }), saveButton),
  );
  fill($("middle"), make("h2", { className: kind === "form" ? "unseen" : "headline", textContent: opened.form?.title || path.split("/").pop() }), form);
  if (kind === "whole" && unsaved.form.has(path)) showWaiting(path, unsaved.form.get(path).content);
}

function wholeParts(opened, text) {
  const area = make("textarea", { id: "field-whole", rows: "24", spellcheck: "true", className: "whole" });
  area.value = text ?? opened.whole;
  return {
    content: () => ({ whole: area.value }),
    goTo: () => {},
    elements: [
      make("p", { textContent: opened.form
        ? "This is what you wrote in the whole file. Its fields are shown once it is saved."
        : "The lines at the top of this file cannot be read, so there are no fields yet. Mend what is named above, and save." }),
      make("div", { className: "field" }, make("label", { for: "field-whole", textContent: "The whole file" }), area),
    ],
  };
}

function formParts(path, opened, left) {
  const from = left ?? opened.form;
  const changed = () => {
    $("saved").textContent = "Not saved yet";
  };
  const title = text("title", "Title", from.title, changed, { required: true });
  const date = moment("date", "Date", from.date, changed);
  const people = peopleField(opened.people, from.authors, changed);
  const standfirst = line("standfirst", "Opening sentence", from.standfirst, changed, { hint: "Introduces the piece or its guest; stands above the text. May be left empty." });
  const words = editor(path, from.body, changed);
  const topics = text("topics", "Topics", from.topics.join(", "), changed, { hint: "With commas between them, such as: housing, energy" });
  const summary = line("summary", "Summary", from.summary, changed, { hint: "For lists and feed readers. If left empty, the first paragraph is used." });
  const image = text("image", "Picture at the top", from.image, changed, { hint: "A file beside the post, or an address" });
  const alt = text("image_alt", "What it shows, in words", from.image_alt, changed);
  const closes = moment("closes", "Closes on", from.closes, changed, "The last day on which one can still answer.");
  const label = text("action_label", "Words on the button", from.action_label, changed, { hint: "Such as: Take the survey" });
  const url = text("action_url", "Where the button leads", from.action_url, changed, { type: "url", placeholder: "https://" });
  const ready = tick("ready", "Ready for readers", from.ready, changed, "Until this is on, nobody but you sees it.");
  ready.element.classList.add("ready");
  const feed = tick("feed", "In the feeds", from.feed, changed);
  const email = choice("email", "By mail", { "": "With the next edition", true: "Even if it is old, or was passed over", false: "Never" }, from.email === null ? "" : String(from.email), changed);
  const addImage = make("button", { type: "button", className: "quiet", textContent: "Choose a picture …", onclick: async () => {
    const said = await askForPicture(null);
    const name = said && (await send(path, said.file));
    if (!name) return;
    image.set(name);
    alt.set(said.alt);
    changed();
  } });
  return {
    goTo: (line) => words.goTo(line - 1 - firstLine(opened.whole)),
    content: () => ({ form: {
      title: title.value(), date: date.value(), authors: people.value(), standfirst: standfirst.value(),
      topics: topics.value() === opened.form.topics.join(", ") ? opened.form.topics : topics.value().split(/[,;]/).map((each) => each.trim()).filter(Boolean),
      closes: closes.value(), action_label: label.value(), action_url: url.value(), summary: summary.value(),
      image: image.value(), image_alt: alt.value(), feed: feed.value(), email: { "": null, true: true, false: false }[email.value()],
      ready: ready.value(), body: words.value(),
    } }),
    elements: [
      ready.element, title.element, date.element, people.element, standfirst.element, words.element,
      part("More about it", Boolean(from.summary || from.topics.length), topics.element, summary.element),
      part("A picture at the top", Boolean(from.image), image.element, addImage, alt.element),
      part("A survey, consultation or call that closes", Boolean(from.closes || from.action_label), closes.element, label.element, url.element),
      part("Where it goes", !from.feed || from.email !== null, feed.element, email.element),
    ],
  };
}

// How many lines of the file stand above the text of the form.
function firstLine(whole) {
  const lines = whole.replace(/\r\n?/g, "\n").split("\n");
  const fence = lines[0]?.trim();
  const close = fence === "---" || fence === "+++" ? lines.findIndex((line, number) => number > 0 && line.trim() === fence) : lines.findIndex((line) => !line.trim());
  let first = close + 1;
  while (first < lines.length && !lines[first].trim()) first += 1;
  return first;
}

async function save(base = sheet.base) {
  const saving = sheet;
  const content = saving.content();
  let opened;
  saves += 1;
  try {
    opened = await write("/form", { of: saving.path, base, ...content });
  } catch (error) {
    if (error.status === 409 && sheet === saving) showConflict(saving, error);
    else await tell(error.message, "All right");
    return;
  }
  saves += 1;
  if (openPath() !== saving.path) return noteSaved(saving, content, opened);
  if (JSON.stringify(sheet.content()) === JSON.stringify(content)) showAgain(saving.path, opened);
  else sheet.base = opened.base; // somebody writes on meanwhile
  $("saved").textContent = `Saved in ${saving.path.split("/").pop()}`;
  say("Saved");
}

// What was left while it was being saved: of that only what was written since is unsaved.
function noteSaved({ path, kind }, content, { base }) {
  const left = unsaved[kind].get(path);
  if (!left) return;
  if (JSON.stringify(left.content) === JSON.stringify(content)) unsaved[kind].delete(path);
  else left.base = base;
}

// Shows what was saved where it was looked at, with the cursor where it was.
function showAgain(path, opened) {
  const { id, selectionStart, tagName } = document.activeElement;
  const { scrollTop } = $("middle");
  const remarks = [...$("remarks").children];
  showSheet(path, opened);
  fill($("remarks"), ...remarks);
  $("middle").scrollTop = scrollTop;
  const field = id ? $(id) : null;
  field?.focus({ preventScroll: true });
  if (field && tagName === "TEXTAREA") field.setSelectionRange(selectionStart, selectionStart);
}

function showGone({ content }) {
  showTrouble("This post was deleted",
    make("p", { textContent: "What you wrote is only here now. Begin a new post with it, or copy what you need." }),
    beginWith(content, () => {
      sheet = null;
    }),
  );
}

function showWaiting(path, content) {
  const { title, standfirst, body } = content.form;
  showTrouble("What you wrote in the fields is only here now",
    make("p", { textContent: "The file was changed meanwhile, and its first lines cannot be read. Mend them and save, and the fields come back as you left them; or begin a new post with what you wrote." }),
    make("details", {}, make("summary", { textContent: "What you wrote" }), make("pre", { tabindex: "0", textContent: [title, standfirst, body].filter(Boolean).join("\n\n") })),
    beginWith(() => content, () => unsaved.form.delete(path)),
  );
}

function beginWith(content, forget) {
  return make("div", { className: "row" }, make("button", { type: "button", textContent: "Begin a new post with it", onclick: async () => {
    const written = content();
    try {
      const { path } = await write("/posts", { title: written.form?.title || "Deleted post" });
      const { base } = await read(`/form?of=${encodeURIComponent(path)}`);
      await write("/form", { of: path, base, ...written });
      forget();
      location.hash = encodeURIComponent(path);
    } catch (error) {
      await tell(error.message, "All right");
    }
  } }));
}

function showTrouble(words, ...elements) {
  const heading = newId("conflict");
  fill($("conflict"), make("section", { className: "trouble", "aria-labelledby": heading, role: "alert" }, make("h2", { id: heading, textContent: words }), ...elements));
  $("conflict").scrollIntoView();
}

function showConflict(conflicting, error) {
  showTrouble("There are two versions now",
    make("p", { textContent: error.message }),
    make("details", {}, make("summary", { textContent: "What stands in the file now" }), make("pre", { tabindex: "0", textContent: error.told.theirs })),
    make("div", { className: "row" },
      make("button", { type: "button", className: "quiet", textContent: "Go on with the other one", onclick: async () => {
        const opened = await read(`/form?of=${encodeURIComponent(conflicting.path)}`);
        if (sheet === conflicting) showSheet(conflicting.path, opened);
      } }),
      make("button", { type: "button", textContent: "Save mine in its place", onclick: () => save(error.told.base) }),
    ),
  );
}
