
"use strict";
// Everything from a proposal goes in as text (textContent) or as the path of a link, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 200;
const COUNTS = [["critical", "C"], ["major", "M"], ["minor", "m"], ["without a verdict", "?"]];
const VERDICTS = [
  ["open", "raised or partly answered"], ["raised", "raised"], ["partly_answered", "partly answered"], ["answered", "answered"],
  ["not_applicable", "not applicable"], ["none", "unsupported or failed"],
  ["critical", "open, critical"], ["major", "open, major"], ["minor", "open, minor"],
];
const LEGEND = [
  ["R3", "R3", "raised, critical"], ["R2", "R2", "raised, major"], ["R1", "R1", "raised, minor"],
  ["P3", "P3", "partly answered, critical"], ["P2", "P2", "partly answered, major"], ["P1", "P1", "partly answered, minor"],
  ["A", "A", "answered"], ["N", "–", "not applicable"], ["U", "?", "unsupported"], ["F", "!", "failed"],
];
const REVIEWED = data.statuses.indexOf("reviewed");
const rows = data.rows.map(([path, title, link, status, problem, counts, cells], rank) =>
  ({ path, title, link, status, problem, counts, cells, rank, text: `${path}\n${title}`.toLowerCase() }));
const byId = (id) => document.getElementById(id);
const [thead, tbody, tfoot] = ["thead", "tbody", "tfoot"].map((name) => document.querySelector(name));
let shown = rows, first = 0, order = { column: null, down: false };

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// A symbol for the eye; words for the tooltip and the screen reader.
function cell(className, symbol, words, title = words) {
  return make("td", { className, title },
    make("span", { ariaHidden: "true", textContent: symbol }), make("span", { className: "spoken", textContent: words }));
}

const columns = [
  { name: "Rank", short: "#", className: "number", key: (row) => row.rank },
  { name: "Proposal", className: "proposal", key: (row) => row.path.toLowerCase() },
  { name: "Status", key: (row) => row.status },
  ...data.critiques.map(([id, title], place) => ({
    name: `${id} ${title}`, short: id, className: "cell", down: true,
    key: (row) => row.cells[place] < 0 ? -1 : data.kinds[row.cells[place]].heat,
  })),
  ...COUNTS.map(([name, short], place) => ({
    name: `Findings: ${name}`.replace("Findings: without", "Critiques without"), short, className: "count", down: true,
    key: (row) => row.counts[place],
  })),
];

function drawHead() {
  const groups = make("tr", {}, make("td", { colSpan: 3 }));
  for (const [title, count] of data.links) {
    if (count) groups.append(make("th", { scope: "colgroup", colSpan: count, className: "link", textContent: title }));
  }
  groups.append(make("th", { scope: "colgroup", colSpan: COUNTS.length, className: "link", textContent: "how many" }));
  const names = make("tr");
  columns.forEach((column) => {
    const button = make("button", { type: "button", title: column.name });
    if (column.short) {
      button.append(make("span", { ariaHidden: "true", textContent: column.short }),
        make("span", { className: "spoken", textContent: column.name }));
    } else button.textContent = column.name;
    button.addEventListener("click", () => {
      const again = order.column === column;
      order = { column, down: again ? !order.down : Boolean(column.down) };
      update();
    });
    column.head = make("th", { scope: "col", className: column.className || "" }, button);
    names.append(column.head);
  });
  thead.append(groups, names);
}

function drawRow(row) {
  const name = row.link ? make("a", { href: row.link, textContent: row.path }) : row.path;
  const header = make("th", { scope: "row" }, name);
  if (row.title) header.append(make("span", { textContent: row.title }));
  if (row.problem) header.append(make("span", { textContent: row.problem }));
  const line = make("tr", {}, make("td", { className: "number", textContent: row.rank + 1 }), header,
    make("td", { className: row.status < REVIEWED ? "grave" : "", textContent: data.statuses[row.status] }));
  row.cells.forEach((index, place) => {
    const kind = data.kinds[index];
    line.append(kind ? cell(`cell ${kind.look}`, kind.symbol, kind.words, `${data.critiques[place].join(" ")}: ${kind.words}`)
      : cell("cell", "", "no verdict"));
  });
  const judged = row.cells.some((index) => index >= 0);
  row.counts.forEach((count) => line.append(make("td", { className: "count", textContent: judged ? count : "" })));
  return line;
}

function drawRows(from, to) {
  tbody.replaceChildren(...shown.slice(from, to).map(drawRow));
}

function drawFoot() {
  const line = make("tr", {}, make("th", { scope: "row", colSpan: 3, textContent: "Raised or partly answered, of those listed" }));
  data.critiques.forEach(([id, title], place) => {
    const counts = {};
    for (const row of shown) for (const group of data.kinds[row.cells[place]]?.groups ?? []) counts[group] = (counts[group] || 0) + 1;
    const words = VERDICTS.slice(0, 6).map(([group, name]) => `${counts[group] || 0} ${name}`).join(", ");
    line.append(cell("cell", (counts.open || 0).toLocaleString("en"), words, `${id} ${title}: ${words}`));
  });
  COUNTS.forEach((_, place) => line.append(make("td", {
    className: "count", textContent: shown.reduce((sum, row) => sum + row.counts[place], 0).toLocaleString("en"),
  })));
  tfoot.replaceChildren(line);
}

function turn(to) {
  first = to;
  const last = Math.min(first + PAGE, shown.length);
  drawRows(first, last);
  byId("told").textContent = shown.length
    ? `${(first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${shown.length.toLocaleString("en")}`
      + (shown.length < rows.length ? ` that match, of ${rows.length.toLocaleString("en")}` : "")
    : "Nothing matches.";
  byId("previous").disabled = first === 0;
  byId("next").disabled = last === shown.length;
  byId("scroll").scrollTop = 0;
}

function update() {
  const text = byId("text").value.trim().toLowerCase();
  const [status, critique, verdict] = ["status", "critique", "verdict"].map((id) => byId(id).value);
  const wanted = data.kinds.map((kind) => kind.groups.includes(verdict));
  shown = rows.filter((row) => (!text || row.text.includes(text))
    && (!status || row.status === Number(status))
    && (!verdict || (critique ? wanted[row.cells[critique]] : row.cells.some((index) => wanted[index])))
    && (verdict || !critique || row.cells[critique] >= 0));
  if (order.column) {
    const { key } = order.column, sign = order.down ? -1 : 1;
    const keys = new Map(shown.map((row) => [row, key(row)]));
    shown.sort((a, b) => {
      const [one, other] = [keys.get(a), keys.get(b)];
      return (one < other ? -sign : one > other ? sign : 0) || a.rank - b.rank;
    });
  }
  for (const column of columns) {
    const sorted = order.column ? order.column === column : column === columns[0];
    if (sorted) column.head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
    else column.head.removeAttribute("aria-sort");
  }
  drawFoot();
  turn(0);
}

function options(id, all, pairs) {
  byId(id).append(new Option(all, ""), ...pairs.map(([value, name]) => new Option(name, value)));
}

const statuses = data.statuses.map((name, status) => [status, name, rows.filter((row) => row.status === status).length]);
options("status", "any", statuses.filter(([, , count]) => count).map(([status, name, count]) => [status, `${name} (${count})`]));
options("critique", "any", data.critiques.map(([id, title], place) => [place, `${id} ${title}`]));
options("verdict", "any", VERDICTS);
byId("legend").append(...LEGEND.map(([look, symbol, words]) => make("li", {}, make("b", { className: look, textContent: symbol }), words)));
byId("filters").addEventListener("input", update);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("filters").addEventListener("reset", () => setTimeout(update));
byId("previous").addEventListener("click", () => turn(Math.max(0, first - PAGE)));
byId("next").addEventListener("click", () => turn(first + PAGE));
addEventListener("beforeprint", () => drawRows(0, shown.length));
addEventListener("afterprint", () => turn(first));
drawHead();
update();
for (const id of ["filters", "scroll", "pages"]) byId(id).hidden = false;
