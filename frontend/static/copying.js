// Buttons that copy what stands beside them, where the browser lets a page do that.

document.querySelectorAll("button[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return; // only in a secure context; the address can be selected all the same
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2_000);
  });
});
