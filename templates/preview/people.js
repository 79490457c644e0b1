// Who wrote it: people of authors.toml, or guests with a name, a role and an organisation.

import { fill, make, newId } from "./dom.js";

const GUEST = "\u0000guest";

export function peopleField(people, authors, onChange) {
  const items = authors.map((value) => structuredClone(value));
  const list = make("ul", { className: "people" });
  const choice = make("select", { id: "field-authors", onchange: add },
    make("option", { value: "", textContent: "Add somebody …" }),
    ...people.map((each) => make("option", { value: each.key, textContent: each.name })),
    make("option", { value: GUEST, textContent: "A guest …" }),
  );
  show();
  return {
    element: make("div", { className: "field", role: "group", "aria-label": "Authors" },
      make("label", { for: "field-authors", textContent: "Written by" }), list, choice),
    value: () => items.filter((item) => (typeof item === "string" ? item : item.name)),
  };

  function add() {
    if (!choice.value) return;
    const isGuest = choice.value === GUEST;
    if (isGuest) items.push({ name: "", guest: "true" });
    else if (!items.includes(choice.value)) items.push(choice.value);
    choice.value = "";
    show();
    onChange();
    (isGuest ? list.querySelector("li:last-child input") : choice).focus();
  }

  function show() {
    fill(list, ...items.map((item, place) => {
      const known = people.find((each) => each.key === item || (each.key === item?.name && Object.keys(item).length === 1));
      const name = known?.name ?? (typeof item === "string" ? item : item.name);
      return make("li", {},
        known || typeof item === "string"
          ? make("span", { textContent: known?.role ? `${name}, ${known.role}` : name })
          : guest(item),
        make("button", { type: "button", className: "quiet", "aria-label": `Remove ${name || "this guest"}`, textContent: "Remove", onclick: () => {
          items.splice(place, 1);
          show();
          onChange();
          choice.focus();
        } }),
      );
    }));
  }

  function guest(item) {
    return make("div", { className: "guest" }, ...[["name", "Name"], ["role", "Role"], ["organisation", "Organisation"]].map(([key, words]) => {
      const id = newId(key);
      return make("div", {},
        make("label", { for: id, textContent: words }),
        make("input", { id, value: item[key] ?? "", oninput: (event) => {
          item[key] = event.target.value;
          onChange();
        } }),
      );
    }));
  }
}
