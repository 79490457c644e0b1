// The kinds of fields that a form has. Each gives its element, and what stands in it now.

import { make } from "./dom.js";

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(?::\d{2})?)?$/;

export function part(words, isOpen, ...elements) {
  return make("details", { open: isOpen, className: "part" }, make("summary", { textContent: words }), ...elements);
}

function row(name, words, input, hint) {
  return make("div", { className: "field" },
    make("label", { for: `field-${name}`, textContent: words }), input,
    hint ? make("p", { id: `hint-${name}`, className: "about", textContent: hint }) : null);
}

export function text(name, words, value, changed, { hint, ...more } = {}) {
  const input = make("input", { id: `field-${name}`, autocomplete: "off", "aria-describedby": hint ? `hint-${name}` : null, oninput: changed, ...more });
  input.value = value;
  return { element: row(name, words, input, hint), value: () => input.value.trim(), set: (now) => { input.value = now; } };
}

// A text on one line that is too long for one on the screen.
export function line(name, words, value, changed, { hint }) {
  const area = make("textarea", { id: `field-${name}`, rows: "2", className: "line", spellcheck: "true", value, oninput: changed, "aria-describedby": `hint-${name}`,
    onkeydown: (event) => {
      if (event.key === "Enter") event.preventDefault();
    } });
  return { element: row(name, words, area, hint), value: () => (area.value === value ? value : area.value.replace(/\s+/g, " ").trim()) };
}

export function moment(name, words, value, changed, hint) {
  const found = MOMENT.exec(value);
  if (value && !found) return text(name, words, value, changed, { hint: "Write it as 2026-11-24, or 2026-11-24 17:00" });
  const day = make("input", { id: `field-${name}`, type: "date", value: found?.[1] ?? "", oninput: changed, "aria-describedby": hint ? `hint-${name}` : null });
  const time = make("input", { type: "time", value: found?.[2] ?? "", oninput: changed, "aria-label": `${words}, time of day` });
  const isAsBefore = () => day.value === (found?.[1] ?? "") && time.value === (found?.[2] ?? "");
  return {
    element: row(name, words, make("div", { className: "moment" }, day, time), hint),
    value: () => (isAsBefore() ? value : day.value && time.value ? `${day.value} ${time.value}` : day.value),
  };
}

export function tick(name, words, value, changed, hint) {
  const input = make("input", { id: `field-${name}`, type: "checkbox", checked: value, onchange: changed, "aria-describedby": hint ? `hint-${name}` : null });
  return {
    element: make("div", { className: "field tick" }, input, make("label", { for: `field-${name}`, textContent: words }),
      hint ? make("p", { id: `hint-${name}`, className: "about", textContent: hint }) : null),
    value: () => input.checked,
  };
}

export function choice(name, words, values, value, changed) {
  const input = make("select", { id: `field-${name}`, onchange: changed }, ...Object.entries(values).sort(([a]) => (a === "" ? -1 : 0)).map(([key, shown]) => make("option", { value: key, textContent: shown })));
  input.value = value;
  return { element: row(name, words, input), value: () => input.value };
}
