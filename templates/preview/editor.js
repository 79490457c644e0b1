// The text: a plain field, with buttons that write the few marks it knows, and a place to drop pictures on.

import { ask } from "./dialogs.js";
import { make, say } from "./dom.js";
import { write } from "./server.js";

const HELP = [
  ["An empty line", "begins a new paragraph"],
  ["**words**", "bold"],
  ["*words*", "italic"],
  ["## Words", "a heading"],
  ["- words", "an item of a list; 1. words of a numbered one"],
  ["> words", "a quotation; its last paragraph, > — Name, is its source"],
  ["[words](https://…)", "a link"],
];

export function editor(path, text, onChange) {
  const area = make("textarea", { id: "field-body", rows: "18", spellcheck: "true", value: text, oninput: onChange, "aria-describedby": "body-hint",
    ondragover: (event) => event.preventDefault(), ondrop: drop, onpaste: paste, onkeydown: shortcut });
  const tools = make("div", { className: "tools", role: "group", "aria-label": "Marks for the text" },
    tool("Bold", () => around("**", "bold words")),
    tool("Italic", () => around("*", "italic words")),
    tool("Heading", () => lines(() => "## ", "A heading")),
    tool("List", () => lines(() => "- ", "An item")),
    tool("Numbers", () => lines((number) => `${number}. `, "An item")),
    tool("Quotation", quotation),
    tool("Link", link),
    tool("Picture", () => picture(null)),
  );
  return {
    area,
    element: make("div", { className: "field" },
      make("label", { for: "field-body", textContent: "Text" }),
      tools,
      area,
      make("p", { id: "body-hint", className: "about", textContent: "Drop pictures here. Leave a line empty to begin a new paragraph." }),
      make("details", { className: "help" },
        make("summary", { textContent: "The marks in the text" }),
        make("table", {}, make("tbody", {}, ...HELP.map(([mark, words]) => make("tr", {}, make("th", { scope: "row" }, make("code", { textContent: mark })), make("td", { textContent: words }))))),
      ),
    ),
    value: () => area.value,
    goTo: (line) => {
      const start = area.value.split("\n").slice(0, Math.max(0, line)).join("\n").length + (line > 0 ? 1 : 0);
      area.setSelectionRange(start, start);
    },
  };

  function tool(words, act) {
    return make("button", { type: "button", textContent: words, onclick: act });
  }

  // Through the browser's own editing, so that it can be undone.
  function put(words, selectFrom, selectTo) {
    const start = area.selectionStart;
    area.focus();
    if (!document.execCommand("insertText", false, words)) area.setRangeText(words);
    if (selectFrom !== undefined) area.setSelectionRange(start + selectFrom, start + selectTo);
    onChange();
  }

  function selected() {
    return area.value.slice(area.selectionStart, area.selectionEnd);
  }

  function around(mark, example) {
    const words = selected() || example;
    put(`${mark}${words}${mark}`, mark.length, mark.length + words.length);
  }

  // Marks stand at the beginning of lines, with an empty line around.
  function lines(mark, example) {
    const marked = (selected() || example).split("\n").filter((line) => line.trim()).map((line, number) => mark(number + 1) + line);
    block(marked.join("\n"));
  }

  function block(words) {
    const before = area.value.slice(0, area.selectionStart);
    const after = area.value.slice(area.selectionEnd);
    const above = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    const below = !after ? "\n" : after.startsWith("\n\n") ? "" : after.startsWith("\n") ? "\n" : "\n\n";
    put(above + words + below);
  }

  async function quotation() {
    const [start, end] = [area.selectionStart, area.selectionEnd];
    const said = await ask("A quotation", {
      words: { label: "What was said", type: "area", value: selected(), required: true },
      source: { label: "Who said it", hint: "Such as: Amara Osei, tenant. May be left empty." },
    }, "Put it in");
    area.setSelectionRange(start, end);
    if (!said) return area.focus();
    const quoted = said.words.split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
    block(said.source ? `${quoted}\n>\n> — ${said.source}` : quoted);
  }

  async function link() {
    const [start, end] = [area.selectionStart, area.selectionEnd];
    const to = await ask("A link", {
      words: { label: "Words to click on", value: selected(), required: true, hint: "Say where it leads: “our reply”, not “here”." },
      address: { label: "Address", type: "url", required: true, placeholder: "https://" },
    }, "Put it in");
    area.setSelectionRange(start, end);
    if (!to) return area.focus();
    put(`[${to.words.replace(/[[\]\\]/g, "\\$&")}](${to.address.replace(/[()\s]/g, encodeURIComponent).replace(/\(/g, "%28").replace(/\)/g, "%29")})`);
  }

  async function picture(file) {
    const [start, end] = [area.selectionStart, area.selectionEnd];
    const said = await askForPicture(file);
    area.setSelectionRange(start, end);
    if (!said) return area.focus();
    const name = await send(path, said.file ?? file);
    if (name) block(`![${said.alt.replace(/[[\]\\]/g, "\\$&")}](${name})`);
  }

  function drop(event) {
    const file = [...event.dataTransfer.files][0];
    if (!file) return;
    event.preventDefault();
    picture(file);
  }

  function paste(event) {
    const file = [...event.clipboardData.files][0];
    if (!file) return;
    event.preventDefault();
    picture(file);
  }

  function shortcut(event) {
    if (!(event.ctrlKey || event.metaKey)) return;
    const act = { b: () => around("**", "bold words"), i: () => around("*", "italic words"), k: link }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

export function askForPicture(file) {
  const alt = { label: "What it shows, in words", required: true, hint: "For readers who cannot see it, and for mail programs that hide pictures." };
  const choose = { label: "Picture", type: "file", required: true, accept: "image/png,image/jpeg,image/gif,image/webp" };
  return ask(file ? `The picture ${file.name}` : "A picture", file ? { alt } : { file: choose, alt }, "Put it in");
}

export async function send(path, file) {
  try {
    const put = await write(`/pictures?of=${encodeURIComponent(path)}&name=${encodeURIComponent(file.name)}`, file, "application/octet-stream");
    return put.name;
  } catch (error) {
    await ask(error.message, {}, "All right");
    say("The picture was not put in.");
    return null;
  }
}
