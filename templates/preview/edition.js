// The middle while an edition is looked at: what it is, who gets it, and what is to be mended.

import { $, count, fill, make } from "./dom.js";
import { remarkList } from "./remarks.js";

const NOTHING = {
  weekly: "Press “New post”, or switch a draft to “Ready for readers”: it goes with this edition by itself.",
  posts: "Each post goes in a mail of its own here, as soon as it appears. None is waiting.",
};

export function showEdition(edition, state) {
  fill($("middle"),
    make("div", {},
      make("p", { className: "about", textContent: edition.label }),
      make("h2", { className: "headline", textContent: edition.subject ?? "No post would go" }),
    ),
    make("dl", { className: "facts" },
      ...fact("Goes out", edition.when),
      ...fact("To", recipients(edition, state)),
      ...(edition.subject ? fact("Size", size(edition)) : []),
      ...(edition.subject ? fact("Subject", subject(edition)) : []),
    ),
    edition.hold_reason ? make("p", { className: "trouble", textContent: `It will be held: ${edition.hold_reason}.` }) : null,
    edition.posts.length ? posts("In it", edition.posts) : edition.subject ? null : make("p", { textContent: NOTHING[edition.cadence] ?? NOTHING.weekly }),
    edition.waiting.length ? posts("Too old to go by themselves", edition.waiting) : null,
    state.posts.length || state.remarks.some((each) => each.weight !== "warning") ? remarkList(state.remarks, { heading: "What to look at", nothing: "Nothing to mend." }) : null,
  );
}

function fact(name, value) {
  return [make("dt", { textContent: name }), make("dd", {}, value)];
}

function recipients(edition, state) {
  const people = count(edition.recipients, "reader", "readers");
  const versions = edition.versions > 1 ? `, in ${edition.versions} versions: each without what they had before` : "";
  const rehearsal = state.rehearses ? " (a rehearsal: nobody is mailed)" : "";
  return `${people}${versions}${rehearsal}`;
}

function subject(edition) {
  const { length } = [...edition.subject];
  return length > edition.longest_subject
    ? `${length} characters, of which mail programs show ${edition.longest_subject}`
    : `${count(length, "character", "characters")}; mail programs show up to ${edition.longest_subject}`;
}

function size(edition) {
  const kilobytes = (bytes) => Math.ceil(bytes / 1024);
  return make("span", { className: "meter" },
    make("meter", { min: 0, max: edition.budget, high: edition.budget * 0.9, optimum: 0, value: edition.size, "aria-label": "Size of the mail" }),
    ` ${kilobytes(edition.size)} of ${kilobytes(edition.budget)} kB`,
  );
}

function posts(heading, list) {
  return make("section", {},
    make("h2", { textContent: heading }),
    make("ol", { className: "carried" }, ...list.map((post) => make("li", {}, make("a", { href: `#${encodeURIComponent(post.path)}`, textContent: post.title })))),
  );
}
