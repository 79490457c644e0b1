// Puts a button beside each address that copies it. Without this file the addresses are there all the same.
for (const address of document.querySelectorAll("input.address")) {
  const label = document.querySelector(`label[for="${address.id}"]`);
  const { copy, copied } = address.closest("[data-copy]").dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = copy;
  button.setAttribute("aria-describedby", label.id);
  button.addEventListener("click", async () => {
    address.select();
    try {
      await navigator.clipboard.writeText(address.value);
    } catch {
      document.execCommand("copy"); // The only way on a page that did not come by https.
    }
    button.textContent = copied;
    document.getElementById("said").textContent = `${copied}: ${address.value}`;
    setTimeout(() => { button.textContent = copy; }, 3000);
  });
  address.addEventListener("focus", () => address.select());
  address.after(button);
}
