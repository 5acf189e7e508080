// Sorting queries into categories by the keys 1 to 9, and back to the query before with Backspace.

const typing = (event) => event.target.closest?.("input, textarea, select, [contenteditable]");
let released = true;

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const back = document.querySelector("[data-back]");
  if (event.key === "Backspace" && back) {
    event.preventDefault();
    back.click();
    return;
  }
  const button = [...document.querySelectorAll("[data-sorting] button")][event.key - 1];
  if (!button || event.repeat || !released) return;
  released = false;
  button.form.requestSubmit(button);
});
document.addEventListener("keyup", () => { released = true; });
addEventListener("blur", () => { released = true; });
