"use strict";
// Takes files to the server that this page came from, and shows what it says of each. Text only ever becomes text.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const rows = new Map(); // by key, as the server tells them
  const cards = new Map(); // the same, as they are drawn
  const SYMBOLS = { critical: "●●●", major: "●●○", minor: "●○○", answered: "✓", not_applicable: "–", doubt: "?", waiting: "…", covered: "■" };
  const FORMATS = { terminal: "Plain text", json: "JSON", markdown: "Markdown", html: "HTML, one file", sarif: "SARIF", github: "GitHub annotations", questions: "Questions to the applicant" };

  const made = (name, text = "", more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);

  // ---- What the server says ----

  function draw(row) {
    let card = cards.get(row.key);
    if (!card) {
      card = $("card").content.firstElementChild.cloneNode(true);
      cards.set(row.key, card);
      wire(card, row);
      $("list").prepend(card);
    }
    const $$ = (name) => card.querySelector(name);
    card.dataset.state = row.state;
    card.classList.toggle("grave", row.grave);
    $$(".name").textContent = row.name;
    $$(".title").textContent = row.title && row.title !== row.name ? row.title : "";
    $$(".standing").textContent = row.line;
    $$(".made").textContent = row.made;
    $$(".open").hidden = $$(".downloads").hidden = !row.reviewed;
    $$(".again").hidden = !row.again;
    const cells = $$(".cells");
    row.cells.forEach((cell, place) => {
      const old = cells.children[place];
      if (old?.dataset.id === cell.id && old.dataset.words === cell.words) return;
      const drawn = made("li", "", { title: `${cell.title}: ${cell.words}` });
      Object.assign(drawn.dataset, { id: cell.id, tone: cell.tone, words: cell.words });
      const parted = place > 0 && row.cells[place - 1].link !== cell.link;
      drawn.classList.toggle("parted", parted);
      const symbol = made("span", SYMBOLS[cell.tone] ?? "");
      symbol.ariaHidden = "true";
      drawn.append(made("b", cell.id), symbol, made("span", ` ${cell.title}: ${cell.words}`, { className: "unseen" }));
      old ? old.replaceWith(drawn) : cells.append(drawn);
    });
    while (cells.children.length > row.cells.length) cells.lastElementChild.remove();
  }

  function wire(card, { key, name }) {
    const address = `reviews/${key}/`;
    const named = (control) => control.setAttribute("aria-label", `${control.textContent}: ${name}`);
    card.querySelector(".open").href = address;
    const list = card.querySelector(".downloads ul");
    for (const format of data.formats) {
      const item = made("li");
      item.append(made("a", FORMATS[format] ?? format, { href: address + format, download: "" }));
      list.append(item);
    }
    card.querySelector(".again").addEventListener("click", () => ask("POST", `proposals/${key}/review`));
    card.querySelector(".delete").addEventListener("click", async () => {
      const what = `Delete ${name}, its review, your marks and what was answered about it?`;
      if (confirm(what) && (await ask("DELETE", `proposals/${key}`))) $("files").focus();
    });
    for (const control of card.querySelectorAll("a.open, summary, button")) named(control);
  }

  function around() {
    $("none").hidden = rows.size > 0;
    $("key").hidden = rows.size === 0;
    const reviewed = [...rows.values()].filter((row) => row.reviewed);
    $("compare").hidden = reviewed.length < 2;
    if (reviewed.length < 2) return;
    for (const [select, chosen] of [[$("old"), 1], [$("new"), 0]]) {
      const now = select.value;
      const options = reviewed.map((row) => made("option", row.title && row.title !== row.name ? `${row.name} – ${row.title}` : row.name, { value: row.key }));
      if (options.map((one) => one.value).join() === [...select.options].map((one) => one.value).join()) continue;
      select.replaceChildren(...options);
      select.value = rows.get(now)?.reviewed ? now : reviewed[chosen].key;
    }
  }

  function told(row) {
    const before = rows.get(row.key);
    if (row.gone) {
      rows.delete(row.key);
      cards.get(row.key)?.remove();
      cards.delete(row.key);
      return;
    }
    if (!before) {
      // Newest first, as the server gives them.
      const rest = [...rows];
      rows.clear();
      rows.set(row.key, row);
      for (const [key, one] of rest) rows.set(key, one);
    } else rows.set(row.key, row);
    draw(row);
    if (before && before.state !== row.state && ["done", "failed"].includes(row.state)) {
      $("status").textContent = `${row.name}: ${row.line}`;
    }
  }

  const source = new EventSource("events");
  source.addEventListener("all", (event) => {
    const all = JSON.parse(event.data);
    const here = new Set(all.map((row) => row.key));
    for (const key of [...rows.keys()]) if (!here.has(key)) told({ key, gone: true });
    for (const row of all.reverse()) told(row);
    around();
  });
  source.addEventListener("message", (event) => {
    for (const row of JSON.parse(event.data)) told(row);
    around();
  });
  source.addEventListener("open", () => ($("offline").hidden = true));
  source.addEventListener("error", () => ($("offline").hidden = false));

  // ---- What the server is told ----

  async function ask(method, address, body) {
    let problem;
    try {
      const response = await fetch(address, { method, body });
      if (response.ok) return true;
      problem = await response.text();
    } catch {
      problem = body ? `${body.name} could not be sent. Is it a file, and does the server run?` : "The server does not answer.";
    }
    complain(problem);
    return false;
  }

  function complain(problem) {
    const item = made("p");
    const close = made("button", "Close", { type: "button" });
    close.addEventListener("click", () => item.remove());
    item.append(made("span", problem.trim()), close);
    $("problems").append(item);
  }

  async function send(files) {
    for (const file of files) {
      if (file.size > data.most) {
        complain(`${file.name} is larger than ${data.most / 1e6} MB, the limit for one file; split it, or leave out annexes.`);
      } else await ask("POST", `proposals?name=${encodeURIComponent(file.name)}`, file);
    }
  }

  $("files").addEventListener("change", () => {
    send([...$("files").files]);
    $("files").value = "";
  });
  // Anywhere on the page, since a file that misses the zone would be opened in place of it.
  for (const kind of ["dragover", "dragleave", "drop"]) {
    addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      $("drop").classList.toggle("over", kind === "dragover");
      if (kind === "drop") send([...event.dataTransfer.files]);
    });
  }
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll(".downloads[open]")) {
      if (!open.contains(event.target) || event.target.closest("li")) open.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && event.target.closest(".downloads[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
})();
