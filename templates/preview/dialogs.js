// Small questions in a window of their own. Each answers with what was filled in, or null.

import { make, newId } from "./dom.js";

// `fields`: name -> { label, type, value, hint, required, accept }.
export function ask(title, fields, words) {
  return new Promise((answer) => {
    const heading = newId("dialog");
    const inputs = Object.entries(fields).map(([name, field]) => {
      const id = newId(name);
      const input = make(field.type === "area" ? "textarea" : "input", {
        id, name, type: field.type === "area" ? null : field.type ?? "text", required: field.required, rows: field.type === "area" ? "4" : null,
        accept: field.accept, placeholder: field.placeholder, "aria-describedby": field.hint ? `${id}-hint` : null,
      });
      if (field.type !== "file") input.value = field.value ?? "";
      return [name, input, make("div", { className: "field" },
        make("label", { for: id, textContent: field.label }),
        input,
        field.hint ? make("p", { id: `${id}-hint`, className: "about", textContent: field.hint }) : null,
      )];
    });
    const form = make("form", { method: "dialog", onsubmit: () => {
      answer(Object.fromEntries(inputs.map(([name, input]) => [name, input.type === "file" ? input.files[0] : input.value.trim()])));
    } },
      make("h2", { id: heading, textContent: title }),
      ...inputs.map(([, , row]) => row),
      make("div", { className: "row" },
        make("button", { type: "button", className: "quiet", textContent: "Cancel", onclick: () => dialog.close() }),
        make("button", { type: "submit", textContent: words }),
      ),
    );
    const dialog = make("dialog", { "aria-labelledby": heading, onclose: () => {
      answer(null);
      dialog.remove();
    } }, form);
    document.body.append(dialog);
    dialog.showModal();
    inputs.find(([, input]) => !input.value)?.[1].focus();
  });
}

export function tell(title, words) {
  return ask(title, {}, words);
}
