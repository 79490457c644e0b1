// The right: one post or edition as its readers will have it, wide or narrow, by day or by night.

import { $, fill, make } from "./dom.js";
import { readText } from "./server.js";

const PARTS = { mail: "Mail", text: "Text part", page: "Page", feed: "Feed", source: "Source" };
const WIDTHS = { desktop: { mail: 680, page: 860, feed: 760 }, phone: { mail: 375, page: 375, feed: 375 } };
const chosen = {
  part: "mail",
  width: innerWidth > 700 ? "desktop" : "phone",
  scheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  format: "html",
};
let subject = null;
let shown = "";

// `marks`: part -> what changes whenever that part would look different.
export function look(of, marks) {
  const mark = marks[chosen.part === "source" && chosen.format !== "html" ? "feed" : chosen.part] ?? marks.mail;
  const now = JSON.stringify([of, mark, chosen]);
  subject = { of, marks, mark };
  if (now === shown) return;
  const isAgain = shown && JSON.stringify(JSON.parse(shown)[0]) === JSON.stringify(of);
  shown = now;
  showSwitches();
  if (chosen.part === "text" || chosen.part === "source") showPlain();
  else showFrame(isAgain);
}

function choose(name, value) {
  chosen[name] = value;
  look(subject.of, subject.marks);
}

function showSwitches() {
  const plain = chosen.part === "text" || chosen.part === "source";
  fill($("switches"),
    group("Part", "part", PARTS),
    plain ? null : group("Width", "width", { desktop: "Desktop", phone: "Phone" }),
    plain ? null : group("Light", "scheme", { light: "Light", dark: "Dark" }),
    chosen.part === "source" ? group("Source of", "format", { html: "HTML of the mail", atom: "Atom", rss: "RSS", json: "JSON Feed" }) : null,
  );
}

function group(label, name, values) {
  const focused = document.activeElement?.dataset?.choice;
  const buttons = Object.entries(values).map(([value, words]) => make("button", {
    type: "button",
    "aria-pressed": String(chosen[name] === value),
    "data-choice": `${name}:${value}`,
    textContent: words,
    onclick: () => choose(name, value),
  }));
  queueMicrotask(() => buttons.find((button) => button.dataset.choice === focused)?.focus());
  return make("div", { role: "group", "aria-label": label }, ...buttons);
}

async function showPlain() {
  const of = encodeURIComponent(subject.of);
  const address = chosen.part === "text" ? `/text?of=${of}`
    : chosen.format === "html" ? `/source?of=${of}` : `/feed?of=${of}&format=${chosen.format}`;
  const before = shown;
  const text = await readText(address).catch((error) => error.message);
  if (before !== shown) return;
  const area = make("pre", { tabindex: "0", role: "region", "aria-label": PARTS[chosen.part], className: chosen.part, textContent: text });
  fill($("stage"), area);
}

function showFrame(isAgain) {
  const stage = $("stage");
  const before = stage.querySelector("iframe.current");
  const path = chosen.part === "page" ? "site" : chosen.part;
  const frame = make("iframe", {
    src: `/frame/${chosen.scheme}/${path}?of=${encodeURIComponent(subject.of)}&mark=${encodeURIComponent(subject.mark)}`,
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    title: `${PARTS[chosen.part]}, ${chosen.width === "phone" ? "on a phone" : "at a desk"}`,
    className: "coming",
    "data-width": WIDTHS[chosen.width][chosen.part],
  });
  const place = isAgain && before ? before.contentWindow?.scrollY ?? 0 : 0;
  frame.addEventListener("load", () => {
    frame.contentWindow.scrollTo(0, place);
    frame.classList.replace("coming", "current");
    for (const other of [...stage.children]) if (other !== frame && !other.classList.contains("coming")) other.remove();
    document.dispatchEvent(new CustomEvent("frame-shown"));
  });
  for (const other of [...stage.querySelectorAll("iframe.coming")]) other.remove();
  stage.append(frame);
  fit();
}

function fit() {
  const stage = $("stage");
  for (const frame of stage.querySelectorAll("iframe")) {
    const width = Number(frame.dataset.width);
    const scale = Math.min(1, stage.clientWidth / width);
    frame.style.width = `${width}px`;
    frame.style.height = `${stage.clientHeight / scale}px`;
    frame.style.transform = `scale(${scale})`;
    frame.style.left = `${Math.max(0, (stage.clientWidth - width * scale) / 2)}px`;
  }
}

new ResizeObserver(fit).observe($("stage"));
