// What the rater's page does beyond its forms: keys, steps and votes without a reload, an outbox for when the network is
// down, active time. Everything works without it. It knows no more than the page shows.

const here = document.querySelector("main").dataset.here;
const main = document.querySelector("main");
const status = document.getElementById("status");
const SETTLE_MS = 300; // a double click must not vote on the comparison that has just appeared
const PATIENCE_MS = 30_000;
const SLOWEST_RETRY_MS = 30_000;
const LONG_MS = 1_000; // what takes longer is said to be under way

const task = () => main.querySelector("form.task");
const assignment = () => task()?.elements.assignment.value;

// Storage may be full or forbidden; then things are remembered until the page goes.
const memory = new Map();
function recall(store, key, otherwise) {
  if (memory.has(key)) return memory.get(key);
  try {
    return JSON.parse(store().getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
function remember(store, key, value) {
  try {
    store().setItem(key, JSON.stringify(value));
    memory.delete(key);
  } catch {
    memory.set(key, value);
  }
}
const device = () => localStorage;
const tab = () => sessionStorage;

// Active time: only while the page is visible. It is kept for each assignment, so a reload goes on counting; and for an
// entry test, which is a plain form.
const clock = { since: null, spent: 0, key: null };
function startClock() {
  const timed = assignment() ?? main.querySelector("form[data-clock]")?.dataset.clock;
  clock.key = timed ? `assay-active:${timed}` : null;
  clock.spent = clock.key ? recall(tab, clock.key, 0) : 0;
  clock.since = document.visibilityState === "visible" ? performance.now() : null;
}
function activeMs() {
  return Math.round(clock.spent + (clock.since === null ? 0 : performance.now() - clock.since));
}
function holdClock() {
  if (!clock.key) return;
  clock.spent = activeMs();
  clock.since = document.visibilityState === "visible" ? performance.now() : null;
  remember(tab, clock.key, clock.spent);
}
document.addEventListener("visibilitychange", holdClock);
addEventListener("pagehide", holdClock);

// How long the rest may take, from this rater's own median in this tab.
const TIMES = `assay-times:${here}`;
function showTime() {
  const progress = main.querySelector("[data-left]");
  const times = [...recall(tab, TIMES, [])].sort((a, b) => a - b);
  if (!progress || times.length < 3) return;
  const minutes = Math.ceil((times[Math.floor(times.length / 2)] * progress.dataset.left) / 60_000);
  progress.querySelector("[data-time]").textContent = ` · up to ${minutes} min left`;
}

// The instructions stay as their reader left them; where they do not fit beside the task they begin closed.
const GUIDE = "assay-guide";
function arrangeGuide() {
  const guide = main.querySelector("details.guide");
  if (!guide) return;
  guide.open = recall(device, GUIDE, matchMedia("(min-width: 68rem)").matches);
  guide.querySelector("summary").addEventListener("click", () => remember(device, GUIDE, !guide.open));
}

// Keys: one press, one vote. A held key repeats, and the next comparison must not be voted on by it.
const KEYS = "assay-keys";
let released = true;
const keysOn = () => recall(device, KEYS, true);
const choices = () => [...main.querySelectorAll(".options button")];
function showKeys() {
  document.documentElement.dataset.keys = keysOn() ? "on" : "off";
  choices().forEach((button, at) => keysOn() && button.setAttribute("aria-keyshortcuts", at + 1));
  choices().forEach((button) => keysOn() || button.removeAttribute("aria-keyshortcuts"));
  const toggle = main.querySelector("button[data-keys]");
  if (!toggle) return;
  toggle.hidden = false;
  toggle.setAttribute("aria-pressed", keysOn());
  toggle.textContent = `Keys 1–${choices().length}: ${keysOn() ? "on" : "off"}`;
}
document.addEventListener("keydown", (event) => {
  const button = choices()[event.key - 1];
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (!button || typing || !keysOn() || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.repeat || !released) return;
  released = false;
  if (!busy()) button.form.requestSubmit(button);
});
document.addEventListener("keyup", () => { released = true; });
addEventListener("blur", () => { released = true; });

// The outbox: a submission is written down before it is sent and struck out when it has been answered, so neither a
// dead network nor a closed tab loses it. Its assignment is its key: the server stores it once, however often it comes.
const OUTBOX = `assay-outbox:${here}`;
const waiting = () => recall(device, OUTBOX, []);
const put = (letter) => remember(device, OUTBOX, [...waiting().filter(({ key }) => key !== letter.key), letter]);
const strike = (letter) => remember(device, OUTBOX, waiting().filter(({ key }) => key !== letter.key));
let sending = false;
let retry = null;
let delay = 1_000;

async function send({ url, body }) {
  const under = setTimeout(() => { status.textContent = "Sending…"; }, LONG_MS);
  const answer = await fetch(url, {
    method: body ? "POST" : "GET",
    body: body && new URLSearchParams(body),
    headers: { "X-Part": "main" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).finally(() => {
    clearTimeout(under);
    status.textContent = "";
  });
  const retriable = answer.status >= 500 || answer.status === 408 || answer.status === 429;
  // An answer that is not ours (a gateway's page, say) has stored nothing.
  if (retriable || (answer.ok && answer.headers.get("X-Part") !== "main")) throw new Error(`answered ${answer.status}`);
  return {
    status: answer.status,
    receipt: answer.headers.get("X-Receipt"),
    stands: answer.headers.has("X-Stands"),
    address: answer.redirected ? answer.url : here,
    text: await answer.text(),
  };
}

async function deliver() {
  if (sending) return;
  if (!waiting().length) return location.reload(); // another tab has sent it meanwhile
  sending = true;
  clearTimeout(retry);
  try {
    for (const letter of waiting()) settle(letter, await send(letter));
    delay = 1_000;
  } catch {
    trouble("Kept on this device. Sending again…");
    retry = setTimeout(deliver, delay);
    delay = Math.min(delay * 2, SLOWEST_RETRY_MS);
  } finally {
    sending = false;
    setBusy(waiting().length > 0);
  }
}

function settle(letter, answer) {
  strike(letter);
  if (answer.status >= 400) return refused(answer);
  if (letter.ms) remember(tab, TIMES, [...recall(tab, TIMES, []), letter.ms]);
  trouble("");
  show(answer);
  const saved = answer.stands ? "Your first answer stands" : "Saved";
  status.textContent = answer.receipt ? `${saved}, no. ${answer.receipt}` : "Noted: it goes to somebody else.";
}

addEventListener("online", () => waiting().length && deliver());

// The server will not take it, and would not the next time: say its sentence, and lead on where the form can't.
function refused({ status: code, text }, place = main) {
  const said = new DOMParser().parseFromString(text, "text/html");
  const onward = Object.assign(document.createElement("a"), { href: here, textContent: "Go on" });
  const message = (said.querySelector("[data-message]") ?? said.body).textContent.trim();
  tell(place, message, ...(code === 422 ? [] : [" ", onward]));
}
function tell(place, ...said) {
  (place.querySelector("[data-trouble]") ?? status).replaceChildren(...said.filter(Boolean));
}
const trouble = (...said) => tell(main, ...said);

const busy = () => main.getAttribute("aria-busy") === "true";
function setBusy(on) {
  main.setAttribute("aria-busy", on);
  main.querySelectorAll("form button:not([type=button])").forEach((button) => { button.disabled = on; });
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-clock]")) form.elements.active_ms.value = activeMs();
  if (!main.contains(form) || !form.getAttribute("action").startsWith(`${here}/`)) return;
  event.preventDefault();
  if (busy()) return;
  if (form === task()) return vote(event);
  go({ url: form.getAttribute("action"), body: [...new FormData(form, event.submitter)] }, form);
});

// A step before the task, or after a pause. A dead network leaves the page as it is, with all that was ticked on it.
async function go(letter, place) {
  setBusy(true);
  tell(place);
  try {
    const answer = await send(letter);
    if (answer.status >= 400) refused(answer, place);
    else show(answer);
  } catch {
    tell(place, "The network is down. Nothing is lost: press it again once you are back.");
  } finally {
    setBusy(false);
  }
}

// Votes and can't-judge, both buttons of the one form.
function vote(event) {
  const ms = activeMs();
  task().elements.active_ms.value = ms;
  const body = [...new FormData(task(), event.submitter)];
  const url = event.submitter.getAttribute("formaction") ?? task().getAttribute("action");
  event.submitter.dataset.pressed = "";
  put({ key: assignment(), url, body, ms: event.submitter.name === "choice" ? ms : 0 });
  setBusy(true);
  deliver();
}

// The next part takes the place of this one, unless it shows the same comparison: then nothing typed is lost.
function show({ text, address }) {
  const next = new DOMParser().parseFromString(text, "text/html");
  if (assignment() && next.querySelector("input[name=assignment]")?.value === assignment()) return;
  clock.key = null;
  main.replaceChildren(...next.body.childNodes);
  history.replaceState(null, "", address);
  begin();
  scrollTo(0, 0);
  main.querySelector("h1").focus({ preventScroll: true });
  main.classList.add("settling");
  setTimeout(() => main.classList.remove("settling"), SETTLE_MS);
}
// Plain or formatted: only the outputs change, so a comment that was begun stays.
async function switchPlain(link) {
  try {
    const answer = await fetch(link.href, { headers: { "X-Part": "main" } });
    const other = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (other.querySelector("input[name=assignment]")?.value !== assignment()) return location.assign(link.href);
    main.querySelector("[data-outputs]").replaceWith(other.querySelector("[data-outputs]"));
    const its = other.querySelector("[data-plain]");
    link.textContent = its.textContent;
    link.href = its.getAttribute("href");
  } catch {
    status.textContent = "The other view can’t be loaded while the network is down.";
  }
}
main.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-plain], a[data-step]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    if ("step" in link.dataset) go({ url: link.getAttribute("href") }, link.parentElement);
    else switchPlain(link);
  }
  const copy = event.target.closest("button[data-copy]");
  if (copy) {
    navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    status.textContent = "Copied.";
  }
  if (event.target.closest("button[data-keys]")) {
    remember(device, KEYS, !keysOn());
    showKeys();
  }
});

// What is unfolded under the choices is in sight at once.
main.addEventListener("toggle", ({ target }) => target.matches(".extras details[open]") && target.scrollIntoView({ block: "nearest" }), true);

function begin() {
  document.title = main.querySelector("h1").textContent;
  main.querySelectorAll("button[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });
  arrangeGuide();
  showKeys();
  showTime();
  startClock();
}
begin();
// In a frame of another site the browser leaves `autofocus` alone; it is taken only where the rater is at work there.
if (document.hasFocus()) main.querySelector("h1[autofocus]")?.focus({ preventScroll: true });
if (waiting().length) {
  setBusy(true);
  trouble("Sending what was kept on this device…");
  deliver();
}
