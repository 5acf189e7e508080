// What the researcher's pages do beyond their forms: showing how far an upload is.

document.getElementById("message")?.focus();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-upload]")) return;
  event.preventDefault();
  const line = form.querySelector("[data-uploading]");
  const [bar, words] = line.children;
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = loaded / total;
    words.textContent = `${Math.round((100 * loaded) / total)} % uploaded`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    words.textContent = "Reading and joining the files…";
  });
  request.addEventListener("load", () => arrive(request));
  request.addEventListener("error", () => {
    words.textContent = "The connection broke, so nothing was imported. Please try again.";
    form.querySelector("button.primary").disabled = false;
  });
  request.open("POST", form.action);
  request.send(new FormData(form));
  line.hidden = false;
  form.querySelector("button.primary").disabled = true;
});

// The server answers a form by leading on, or by the same page with what is wrong.
function arrive({ responseURL, responseText, status }) {
  if (status < 400) return location.assign(responseURL);
  const page = new DOMParser().parseFromString(responseText, "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main") ?? page.body);
  document.getElementById("message")?.focus();
}
