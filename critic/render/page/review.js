"use strict";
// Going back and forth between text and findings, filtering, and a reader's own marks. Nothing here sends anything anywhere,
// but that marks are kept by `critic serve` where the page comes from there.
(() => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const text = $("text");
  const entries = [...document.querySelectorAll(".entry")].sort((a, b) => a.dataset.order - b.dataset.order);
  const ranked = [...document.querySelectorAll(".entry")]; // gravest first
  const visible = () => [...document.querySelectorAll(".entry:not(.off)")];
  const fold = (entry) => entry.querySelector(".fold");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const FINDINGS = ["raised", "partly_answered"];

  // ---- Back and forth ----

  function mark(elements) {
    for (const old of document.querySelectorAll(".current")) old.classList.remove("current");
    for (const element of elements) element.classList.add("current");
  }

  function goToPassage(number) {
    const pieces = document.querySelectorAll(`mark[data-q~="${Number(number)}"]`);
    if (!pieces.length) return;
    mark(pieces);
    const behavior = still.matches ? "auto" : "smooth";
    if (getComputedStyle(text).position === "sticky") {
      const pane = text.getBoundingClientRect();
      text.scrollTo({ top: text.scrollTop + pieces[0].getBoundingClientRect().top - pane.top - pane.height / 3, behavior });
      if (pane.top > innerHeight / 2) scrollTo({ top: scrollY + pane.top, behavior });
    } else pieces[0].scrollIntoView({ block: "center", behavior });
    pieces[0].tabIndex = -1;
    pieces[0].focus({ preventScroll: true });
  }

  function goToEntry(id) {
    const entry = $(`entry-${id}`);
    if (!entry || entry.closest(".tool")?.matches(".blind .tool")) return;
    if (entry.classList.contains("off")) clearFilters();
    mark([entry]);
    if (entry.matches(".entry")) open(entry, true);
    entry.scrollIntoView({ block: "start", behavior: still.matches ? "auto" : "smooth" });
    (entry.matches(".entry") ? fold(entry) : entry).focus({ preventScroll: true });
  }

  function step(by) {
    const shown = visible();
    if (!shown.length) return;
    const at = shown.indexOf(document.querySelector(".entry.current") || document.activeElement.closest(".entry"));
    goToEntry(shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, at + by))].dataset.id);
  }

  function open(entry, opened) {
    fold(entry).setAttribute("aria-expanded", opened);
    entry.querySelector(".body").hidden = !opened;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.jump, a.tag, .chips a");
    if (link) {
      event.preventDefault();
      link.matches(".jump") ? goToPassage(link.dataset.passage) : goToEntry(link.dataset.id);
      return;
    }
    const piece = event.target.closest(".document mark");
    if (!piece || !getSelection().isCollapsed) return;
    // Where several entries rest on a passage, each click leads to the next.
    const numbers = piece.dataset.q.split(" ");
    const ids = [...document.querySelectorAll(".tag")].filter((tag) => numbers.includes(tag.dataset.passage)).map((tag) => tag.dataset.id);
    const reachable = [...new Set(ids)].filter((id) => $(`entry-${id}`)?.getClientRects().length);
    const now = document.querySelector(".entry.current, .credit.current");
    if (reachable.length) goToEntry(reachable[(reachable.indexOf(now?.dataset.id) + 1) % reachable.length]);
  });

  for (const entry of entries) {
    fold(entry).addEventListener("click", () => open(entry, fold(entry).getAttribute("aria-expanded") !== "true"));
    open(entry, entry.classList.contains("finding"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches(".fold") && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      mark([event.target.closest(".entry")]);
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if ($("keys")?.checked && !event.target.matches("select, input:not([type=checkbox], [type=radio])")) {
      if (event.key === "n") step(1);
      if (event.key === "p") step(-1);
    }
  });

  // ---- What is printed is never folded ----

  let reopened = [];
  addEventListener("beforeprint", () => {
    reopened = [...document.querySelectorAll("details:not([open])")];
    for (const folded of reopened) folded.open = true;
  });
  addEventListener("afterprint", () => {
    for (const folded of reopened) folded.open = false;
  });
  if (!entries.length) return;

  // Nothing that is scrolled to, or focused, lies under the bar.
  const bar = document.querySelector(".bar");
  new ResizeObserver(() => {
    root.style.scrollPaddingTop = getComputedStyle(bar).position === "sticky" ? `${bar.offsetHeight + 12}px` : "";
  }).observe(bar);

  // ---- Filters ----

  const filters = { verdict: $("by-verdict"), severity: $("by-severity"), link: $("by-link") };

  function fits(entry) {
    const { verdict, severity, link } = entry.dataset;
    const wanted = filters.verdict.value;
    return (
      (!wanted || wanted === verdict || (wanted === "findings" && entry.classList.contains("finding"))) &&
      (!filters.severity.value || filters.severity.value === severity) &&
      (!filters.link.value || filters.link.value === link)
    );
  }

  function filter() {
    for (const entry of entries) entry.classList.toggle("off", !fits(entry));
    const shown = visible();
    const filtered = shown.length < entries.length;
    const passages = new Set(shown.flatMap((entry) => [...entry.querySelectorAll(".jump")].map((link) => link.dataset.passage)));
    for (const piece of document.querySelectorAll(".document mark")) {
      piece.classList.toggle("faded", filtered && !piece.dataset.q.split(" ").some((number) => passages.has(number)));
    }
    $("shown").textContent = `${shown.length} of ${entries.length}`;
  }

  function clearFilters() {
    for (const select of Object.values(filters)) select.value = "";
    filter();
  }

  for (const select of Object.values(filters)) select.addEventListener("change", filter);

  // ---- A reader's marks ----

  const told = new Set(); // entries whose verdict by the tool has been on this screen
  const blind = new Set(); // entries that were judged before that
  let unsaved = false;

  const controls = (entry) => ({
    radios: [...entry.querySelectorAll(".choice input")],
    verdict: entry.querySelector(".own-verdict"),
    severity: entry.querySelector(".own-severity"),
    reason: entry.querySelector(".reason"),
  });

  function read(entry) {
    const { radios, verdict, severity, reason } = controls(entry);
    const chosen = radios.find((radio) => radio.checked)?.value;
    if (!chosen) return null;
    const own = blind.has(entry.dataset.id) || chosen !== "agreed" ? verdict.value || null : null;
    return {
      mark: chosen,
      verdict: own,
      severity: (FINDINGS.includes(own) && severity.value) || null,
      reason: reason.value.trim(),
      blind: blind.has(entry.dataset.id),
      tool_verdict: data.entries[entry.dataset.id].verdict || null,
      tool_severity: data.entries[entry.dataset.id].severity || null,
    };
  }

  const covered = (entry) => root.classList.contains("blind") && !entry.classList.contains("revealed");

  function draw(entry) {
    const { radios, verdict, severity, reason } = controls(entry);
    const id = entry.dataset.id;
    const chosen = radios.find((radio) => radio.checked)?.value;
    const own = covered(entry) || blind.has(id) || chosen === "disputed" || chosen === "wrong";
    verdict.parentElement.hidden = !own;
    severity.parentElement.hidden = !own || !FINDINGS.includes(verdict.value);
    verdict.disabled = severity.disabled = blind.has(id); // what was said blind stays as it was said
    reason.parentElement.hidden = !chosen && !covered(entry);
    entry.querySelector(".clear").hidden = !chosen;
    const said = covered(entry) ? null : read(entry);
    entry.querySelector(".mine").textContent = said
      ? [
          `Marked: ${said.mark}`,
          said.verdict ? `, ${said.blind ? "judged first as" : "should be"} ${verdict.selectedOptions[0].textContent}${said.severity ? `, ${said.severity}` : ""}` : "",
          said.reason ? `. ${said.reason}` : "",
        ].join("")
      : "";
    const done = entries.filter((one) => read(one));
    $("marked").textContent = `${done.length} of ${entries.length} marked${blind.size ? `, ${blind.size} blind` : ""}${unsaved ? ", not saved" : ""}`;
  }

  function say(message, wrong = false) {
    $("message").textContent = message;
    $("message").classList.toggle("wrong", wrong);
  }

  for (const entry of entries) {
    const { radios, verdict, severity, reason } = controls(entry);
    for (const control of [...radios, verdict, severity, reason]) {
      control.addEventListener(control === reason ? "input" : "change", () => {
        changed();
        draw(entry);
      });
    }
    entry.querySelector(".clear").addEventListener("click", () => {
      set(entry, null);
      changed();
      draw(entry);
      radios[0].focus();
    });
    entry.querySelector(".reveal").addEventListener("click", () => reveal(entry));
  }

  function set(entry, said) {
    const { radios, verdict, severity, reason } = controls(entry);
    for (const radio of radios) radio.checked = radio.value === said?.mark;
    verdict.value = said?.verdict ?? "";
    severity.value = said?.severity ?? "";
    reason.value = said?.reason ?? "";
    blind[said?.blind ? "add" : "delete"](entry.dataset.id);
  }

  // ---- Own verdict first ----

  function reveal(entry) {
    const id = entry.dataset.id;
    const { radios, verdict, severity } = controls(entry);
    if (!verdict.value) {
      say(`Give your own verdict on ${id} first.`, true);
      verdict.focus();
      return;
    }
    const tool = data.entries[id];
    const same = tool.verdict === verdict.value && (!severity.value || severity.value === tool.severity);
    if (!told.has(id)) blind.add(id);
    told.add(id);
    entry.classList.add("revealed");
    radios.find((radio) => radio.value === (same ? "agreed" : "disputed")).checked = true;
    changed();
    say(same ? `${id}: the tool says the same.` : `${id}: the tool says otherwise. Your verdict stays; say whether the tool’s is wrong.`);
    draw(entry);
    if (!entries.some(covered)) uncover();
    goToEntry(id);
  }

  function cover() {
    clearFilters();
    root.classList.add("blind");
    $("judge").textContent = "Show everything";
    $("found").append(...entries);
    for (const entry of entries) {
      if (read(entry)) entry.classList.add("revealed");
      open(entry, true);
      draw(entry);
    }
    const seen = entries.some((entry) => told.has(entry.dataset.id));
    say(
      seen
        ? "Covered. The tool’s verdicts have been on this screen already, so what you mark now is not saved as blind. For that, open the page with #blind at the end of its address, or make it with --blind."
        : "Covered: the tool’s verdicts, severities and reasons. Give your own verdict on a critique, and you are shown the tool’s on it."
    );
  }

  function uncover() {
    root.classList.remove("blind");
    $("judge").textContent = "Judge first";
    for (const entry of ranked) {
      told.add(entry.dataset.id);
      entry.classList.remove("revealed");
      $(entry.classList.contains("finding") ? "found" : "others").append(entry);
      draw(entry);
    }
  }

  $("judge").addEventListener("click", () => {
    if (root.classList.contains("blind")) {
      uncover();
      say("");
    } else cover();
  });
  addEventListener("hashchange", () => {
    if (location.hash === "#blind" && !root.classList.contains("blind")) cover();
  });

  // ---- Saving and loading ----

  function adjudication() {
    const marks = entries.map((entry) => [entry.dataset.id, read(entry)]).filter(([, said]) => said);
    return {
      schema_version: 1,
      reader: $("reader").value.trim(),
      saved: new Date().toISOString().slice(0, 10),
      subject_name: data.subject_name,
      subject_digest: data.subject_digest,
      rubrics_digest: data.rubrics_digest,
      model: data.model,
      entries: Object.fromEntries(marks),
    };
  }

  let keeping = 0;

  function changed() {
    unsaved = true;
    clearTimeout(keeping);
    if (data.keep) keeping = setTimeout(keep, 300);
  }

  async function keep() {
    const mine = keeping;
    try {
      const response = await fetch(data.keep, { method: "PUT", body: JSON.stringify(adjudication()) });
      if (!response.ok) throw new Error(await response.text());
      if (mine === keeping) unsaved = false;
      draw(entries[0]);
    } catch {
      say("Your marks could not be kept on the server: save them here.", true);
    }
  }

  $("reader").addEventListener("input", () => {
    if (!data.keep) return;
    changed();
    draw(entries[0]);
  });

  $("save").addEventListener("click", () => {
    const saved = adjudication();
    const { reader } = saved;
    const marks = Object.entries(saved.entries);
    if (!marks.length) return say("Nothing is marked yet.", true);
    const file = new Blob([JSON.stringify(saved, null, 2), "\n"], { type: "application/json" });
    const link = document.createElement("a");
    const who = reader.replace(/[^\p{L}\p{N}_-]+/gu, "-").replace(/^-+|-+$/g, "");
    link.href = URL.createObjectURL(file);
    link.download = `${data.file}${who ? `.${who}` : ""}.adjudication.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
    draw(entries[0]);
    const bare = marks.filter(([, said]) => said.mark !== "agreed" && !said.reason).map(([id]) => id);
    say(`Saved as ${link.download}.${bare.length ? ` Without a word why: ${bare.join(", ")}.` : ""}`);
  });

  $("load").addEventListener("change", async () => {
    const [file] = $("load").files;
    $("load").value = "";
    if (!file) return;
    let saved;
    try {
      saved = JSON.parse(await file.text());
    } catch {
      return say(`${file.name} is not JSON.`, true);
    }
    if (saved?.schema_version !== 1 || typeof saved.entries !== "object" || !saved.entries) {
      return say(`${file.name} holds no marks that this page can read.`, true);
    }
    if (saved.subject_digest !== data.subject_digest) return say(`${file.name} marks a review of another text.`, true);
    restore(saved);
    if (data.keep) changed();
    say(`${Object.keys(saved.entries).length} marks loaded from ${file.name}.`);
  });

  function restore(saved) {
    $("reader").value = String(saved.reader ?? "");
    for (const entry of entries) {
      const said = Object.hasOwn(saved.entries, entry.dataset.id) ? saved.entries[entry.dataset.id] : null;
      set(entry, said);
      if (said) {
        told.add(entry.dataset.id);
        entry.classList.add("revealed");
      }
      draw(entry);
    }
    unsaved = false;
    draw(entries[0]);
  }

  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });

  filter();
  if (root.classList.contains("blind")) cover();
  else for (const entry of entries) {
    told.add(entry.dataset.id);
    draw(entry);
  }
  if (data.marks) restore(data.marks);
})();
