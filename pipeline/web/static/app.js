// The page works without this script; with it times are the reader's own, the log is live, keys work.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- times ---------------------------------------------------------------------------------------------

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const near = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const far = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const old = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

function spoken(at) {
  const seconds = (at - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return seconds > 0 ? "in a moment" : "just now";
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 43200) return relative.format(Math.round(seconds / 3600), "hour");
  return (size < 300 * 86400 ? far : old).format(at);
}

function localTimes(root = document) {
  for (const time of $$("time[datetime]", root)) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.dataset.utc ??= time.title;
    time.title = `${exact.format(at)}\n${time.dataset.utc}`;
    time.textContent = spoken(at);
  }
  for (const tick of $$("[data-tick]", root)) {
    const at = new Date(tick.dataset.tick);
    tick.textContent = tick.textContent.includes(":") ? near.format(at) : tick.textContent;
  }
  for (const title of $$("title[data-at]", root)) {
    title.textContent = `${far.format(new Date(title.dataset.at))}\n${title.textContent}`;
    title.removeAttribute("data-at");
  }
}

// --- light and dark ------------------------------------------------------------------------------------

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds for this page then.
  }
}

// --- live log ------------------------------------------------------------------------------------------

const MOST_ROWS = 400;

function followLog() {
  const bar = $("#live-bar");
  const list = $("#items");
  if (!bar || !list || !window.EventSource) return;
  const state = $("#live-state");
  const button = $("#pause");
  let source = null;
  let paused = false;
  let held = [];
  let seen = Math.max(0, ...$$("[data-cursor]", list).map((row) => Number(row.dataset.cursor)));
  let arrived = 0;

  const say = (text, kind) => {
    state.textContent = text;
    bar.dataset.state = kind;
  };
  const show = (found) => {
    const row = new DOMParser().parseFromString(found.html, "text/html").body.firstElementChild;
    if (!row) return;
    localTimes(row);
    list.prepend(row);
    $("#empty")?.remove();
    const rows = list.children;
    while (rows.length > MOST_ROWS) rows[rows.length - 1].remove();
  };
  const take = (event) => {
    const found = JSON.parse(event.data);
    if (found.cursor <= seen) return;
    seen = found.cursor;
    if (paused) {
      held.push(found);
      held = held.slice(-MOST_ROWS);
      say(`Paused: ${held.length} new`, "paused");
      return;
    }
    arrived += 1;
    show(found);
    say(`Live: ${arrived} new since you came`, "live");
  };
  const pause = () => {
    paused = !paused;
    button.textContent = paused ? "Go on" : "Pause";
    if (!paused) {
      held.forEach(show);
      arrived += held.length;
      held = [];
    }
    say(paused ? "Paused" : "Live: new items appear here", paused ? "paused" : "live");
  };
  const open = () => {
    source = new EventSource(bar.dataset.stream);
    source.addEventListener("item", take);
    source.onopen = () => say(paused ? "Paused" : "Live: new items appear here", paused ? "paused" : "live");
    source.onerror = () => {
      const closed = source.readyState === EventSource.CLOSED;
      say(closed ? "Not live: reload the page to try again" : "Connection lost, trying again", "lost");
    };
  };
  button.addEventListener("click", pause);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}

// --- side by side without leaving the page ---------------------------------------------------------------

async function showBeside(link) {
  const slot = $("#passages-slot");
  const answer = await fetch(link.href, { headers: { "X-Fragment": "passages" } }).catch(() => null);
  if (!slot || !answer?.ok) {
    location.assign(link.href);
    return;
  }
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  slot.replaceChildren(...parsed.body.childNodes);
  localTimes(slot);
  $(".figures")?.remove(); // they belong to the copy shown before
  history.replaceState(null, "", link.href);
  $$(".copy.chosen").forEach((card) => card.classList.remove("chosen"));
  link.closest(".copy")?.classList.add("chosen");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("#beside").scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}

// --- parts that take a while to work out ---------------------------------------------------------------

async function fillFragment(slot) {
  const answer = await fetch(slot.dataset.fragment, { headers: { "X-Fragment": "1" } }).catch(() => null);
  if (!answer?.ok) return; // the link in it still leads there
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  slot.replaceChildren(...parsed.body.childNodes);
  localTimes(slot);
}

// --- keyboard ------------------------------------------------------------------------------------------

let going = false;

function rowKeys(step) {
  const rows = $$(".row-item");
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
  ($("summary, a", next) ?? next).focus();
  next.scrollIntoView({ block: "nearest" });
}

function pressed(event) {
  const typing = event.target.closest("input, textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (going) {
    going = false;
    const link = $(`.top a[data-key="${CSS.escape(event.key)}"]`);
    if (link) location.assign(link.href);
    return;
  }
  const actions = {
    g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
    j: () => rowKeys(1),
    k: () => rowKeys(-1),
    p: () => $("#pause")?.click(),
    t: toggleTheme,
    "?": () => $("#help").showModal(),
    "/": () => $("[data-search]")?.focus(),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

// --- start ---------------------------------------------------------------------------------------------

localTimes();
setInterval(() => localTimes(), 30000);
followLog();
$$("[data-fragment]").forEach(fillFragment);
document.addEventListener("keydown", pressed);
$("#theme")?.addEventListener("click", toggleTheme);
$("#keys")?.addEventListener("click", () => $("#help").showModal());
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-beside]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showBeside(link);
});
for (const input of $$("input[type=file][data-into]")) {
  input.addEventListener("change", async () => {
    if (input.files[0]) document.getElementById(input.dataset.into).value = await input.files[0].text();
  });
}
for (const select of $$(".filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
