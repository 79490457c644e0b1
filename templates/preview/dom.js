// Makes elements; text is always text, never markup.

export const $ = (id) => document.getElementById(id);

// What is a property of elements rather than an attribute.
const PROPERTIES = new Set(["className", "textContent", "value", "checked", "hidden", "disabled"]);

export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

let last = 0;
export const newId = (word) => `${word}-${(last += 1)}`;

export function say(words) {
  $("status").textContent = words;
}

export const count = (number, one, many) => `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;
