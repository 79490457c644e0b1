// The middle while an edition is looked at: what it is, who gets it, and what is to be mended.

import { $, count, fill, make } from "./dom.js";

export function showEdition(edition, state) {
  const remarks = state.remarks;
  fill($("middle"),
    make("h2", { className: "headline", textContent: edition.subject ?? "No post would go" }),
    make("dl", { className: "facts" },
      ...fact("Goes out", edition.when),
      ...fact("To", recipients(edition, state)),
      ...(edition.subject ? fact("Size", size(edition)) : []),
      ...(edition.subject ? fact("Subject", `${edition.subject.length} characters; mail programs cut it after ${edition.longest_subject}`) : []),
    ),
    edition.hold_reason ? make("p", { className: "trouble", textContent: `It will be held: ${edition.hold_reason}.` }) : null,
    edition.posts.length ? make("h2", { textContent: "In it" }) : null,
    edition.posts.length ? posts(edition.posts) : make("p", { textContent: "Write a post, or switch a draft to “Ready for readers”: it goes with this edition by itself." }),
    edition.waiting.length ? make("h2", { textContent: "Too old to go by themselves" }) : null,
    edition.waiting.length ? posts(edition.waiting) : null,
    remarkList(remarks, "What to look at", "Nothing to mend."),
  );
}

export function remarkList(remarks, heading, nothing) {
  if (!remarks.length && !nothing) return null;
  return make("section", { className: "remark-list", "aria-label": heading },
    make("h2", { textContent: remarks.length ? `${heading} (${remarks.length})` : heading }),
    remarks.length ? make("ul", {}, ...remarks.map(remark)) : make("p", { className: "good", textContent: nothing }),
  );
}

const WEIGHTS = { stops: "Stops the edition", error: "Keeps the post back", warning: "Worth a look" };

function remark(each) {
  const where = each.path ? make("a", {
    href: `#${encodeURIComponent(each.path)}${each.field ? `?${each.field}${each.line ? `,${each.line}` : ""}` : ""}`,
    textContent: each.path.split("/").pop(),
  }) : null;
  return make("li", { className: each.weight },
    make("span", { className: `chip ${each.weight}`, textContent: WEIGHTS[each.weight] }),
    make("p", { textContent: each.message }),
    make("p", { className: "about" }, each.remedy, where ? " " : null, where),
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

function size(edition) {
  const kilobytes = (bytes) => Math.ceil(bytes / 1024);
  return make("span", { className: "meter" },
    make("meter", { min: 0, max: edition.budget, high: edition.budget * 0.9, optimum: 0, value: edition.size, "aria-label": "Size of the mail" }),
    ` ${kilobytes(edition.size)} of ${kilobytes(edition.budget)} kB`,
  );
}

function posts(list) {
  return make("ol", { className: "carried" }, ...list.map((post) => make("li", {}, make("a", { href: `#${encodeURIComponent(post.path)}`, textContent: post.title }))));
}
