// What somebody should look at, each with the way to the field where it is mended.

import { make } from "./dom.js";

const POST = /\.(?:md|markdown)$/i;
const WEIGHTS = { stops: "Stops the edition", error: "Keeps the post back", warning: "Worth a look" };

// Keys of front matter: what the form calls them, and where that is not the key, the field's own name.
export const FIELDS = {
  title: { words: "Title" },
  date: { words: "Date" },
  authors: { words: "Written by" },
  standfirst: { words: "Opening sentence" },
  topics: { words: "Topics" },
  summary: { words: "Summary" },
  image: { words: "Picture at the top" },
  image_alt: { words: "What it shows, in words" },
  closes: { words: "Closes on" },
  call_to_action: { words: "Words on the button", field: "action_label" },
  feed: { words: "In the feeds" },
  email: { words: "By mail" },
  draft: { words: "Ready for readers", field: "ready" },
  body: { words: "Text" },
};
const MEANT = { "email: false": "“By mail: Never”", "email: true": "“By mail: Even if it is old”", "draft: true": "“Ready for readers” switched off" };

// `path` is the post that is open: its name need not be said. Without `nothing` there is no list if it is empty.
export function remarkList(remarks, { heading, nothing, path }) {
  if (!remarks.length && !nothing) return null;
  return make("section", { className: "remark-list", "aria-label": heading },
    make("h2", { textContent: remarks.length ? `${heading} (${remarks.length})` : heading }),
    remarks.length ? make("ul", {}, ...remarks.map((each) => remark(each, path))) : make("p", { className: "good", textContent: nothing }),
  );
}

function remark(each, path) {
  const isPost = POST.test(each.path ?? "");
  const mend = isPost ? make("a", { href: address(each), textContent: where(each, path) }) : each.path ?? null;
  return make("li", { className: each.weight },
    make("span", { className: `chip ${each.weight}`, textContent: WEIGHTS[each.weight] }),
    make("p", {}, ...plain(each.message)),
    make("p", { className: "about" }, ...plain(each.remedy)),
    mend ? make("p", {}, mend) : null,
  );
}

function address(each) {
  const place = each.field ? `?${each.field}${each.line ? `,${each.line}` : ""}` : "";
  return `#${encodeURIComponent(each.path)}${place}`;
}

function where(each, path) {
  const field = FIELDS[each.field];
  const file = each.path.split("/").pop();
  if (!field) return each.path === path ? "Go to the post" : `Go to ${file}`;
  return each.path === path ? `Go to “${field.words}”` : `Go to “${field.words}” in ${file}`;
}

// What stands between backticks is a key of front matter, which people know by the form's words, or something to type.
function plain(words) {
  return words.split("`").map((piece, number) => {
    if (number % 2 === 0) return piece;
    return MEANT[piece] ?? (FIELDS[piece] ? `“${FIELDS[piece].words}”` : make("code", { textContent: piece }));
  });
}
