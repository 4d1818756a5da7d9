"use strict";
// Pages work without this script. It adds copy buttons, relative times and live rows.
const page = document.body.dataset;
const started = Date.now();

// Browsers offer the clipboard to pages of loopback and HTTPS only.
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    getSelection().selectAllChildren(element);
    document.execCommand("copy");
  }
}

function addCopyButtons() {
  for (const block of document.querySelectorAll(".block")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain copy";
    button.textContent = page.copy;
    button.setAttribute("aria-label", `${page.copy}: ${block.querySelector("h3").textContent}`);
    button.onclick = async () => {
      await copy(block.querySelector("pre"));
      button.textContent = page.copied;
      setTimeout(() => { button.textContent = page.copy; }, 2000);
    };
    block.querySelector("h3").after(button);
  }
}

const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });

// A list shows how long ago; the page of one object shows both.
const isList = !document.querySelector("dl");

function relativeTimes() {
  const now = Number(page.now) + Date.now() - started;
  for (const time of document.querySelectorAll("time")) {
    const seconds = Math.round((Date.parse(time.dateTime) - now) / 1000);
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) || units[3];
    time.dataset.ago = words.format(Math.trunc(seconds / size), unit);
    if (!isList) continue;
    time.title = time.title || `${time.textContent} UTC`;
    if (time.textContent !== time.dataset.ago) time.textContent = time.dataset.ago;
  }
}

// A row that the reader uses stays as it is.
function isInUse(row) {
  const selection = getSelection();
  return row.contains(document.activeElement)
    || (!selection.isCollapsed && selection.containsNode(row, true));
}

function merge(body, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const keep = new Set();
  let last = null, added = 0;
  for (const row of [...fresh.content.querySelectorAll("tr")]) {
    keep.add(row.id);
    let shown = document.getElementById(row.id);
    if (!shown) {
      if (last) last.after(row); else body.prepend(row);
      row.classList.add("new");
      shown = row;
      added += 1;
    } else if (shown.dataset.version !== row.dataset.version && !isInUse(shown)) {
      shown.replaceWith(row);
      shown = row;
    }
    last = shown;
  }
  for (const row of [...body.rows]) if (!keep.has(row.id) && !isInUse(row)) row.remove();
  return added;
}

let source;

function listen() {
  source = new EventSource(location.href);
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(listen, 5000); };
  source.onmessage = event => {
    let added = 0;
    for (const [id, html] of Object.entries(JSON.parse(event.data))) {
      added += merge(document.getElementById(id), html);
    }
    if (added) document.getElementById("news").textContent = `${page.news} ${added}`;
    relativeTimes();
  };
}

addCopyButtons();
relativeTimes();
setInterval(relativeTimes, 1000);
if ("done" in Object.fromEntries(new URLSearchParams(location.search))) {
  const clean = new URL(location.href);
  clean.searchParams.delete("done");
  history.replaceState(null, "", clean);
}
if ("live" in page && document.querySelector("tbody")) {
  listen();
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (!document.hidden) listen();
  });
}
