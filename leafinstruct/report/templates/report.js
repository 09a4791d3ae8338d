"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

// Text from the web becomes text nodes, or is Markdown that was rendered when the page was written.
function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function markdown(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

function picture(sha, alt) {
  const small = data.thumbs[sha];
  return small ? make("img", { src: small, alt: alt || "image", loading: "lazy" }) : make("span", { class: "muted" }, "[image cannot be decoded]");
}

// Theme

const root = document.documentElement;
function theme(name) {
  root.dataset.theme = name;
  document.querySelectorAll(".chart[data-drawn]").forEach(draw);
}
root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
byId("theme").addEventListener("click", () => theme(root.dataset.theme === "dark" ? "light" : "dark"));

// Charts, each drawn when scrolled into view

function draw(node) {
  const figure = data.figures[node.dataset.figure];
  if (!figure) { node.textContent = "no data"; return; }
  const style = getComputedStyle(root);
  const ink = style.getPropertyValue("--ink"), line = style.getPropertyValue("--line");
  const layout = structuredClone(figure.layout);
  Object.assign(layout, { paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: ink, size: 12 }, margin: { l: 50, r: 16, t: 16, b: 44 }, legend: { orientation: "h", y: 1.15 } });
  for (const axis of ["xaxis", "yaxis"]) layout[axis] = Object.assign({ automargin: true }, layout[axis], { gridcolor: line, zerolinecolor: line });
  (layout.shapes || []).forEach((shape) => (shape.line.color = ink));
  node.dataset.drawn = "1";
  Plotly.react(node, structuredClone(figure.data), layout, { displayModeBar: false, responsive: true });
}
const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
  if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
}), { rootMargin: "300px" });
document.querySelectorAll(".chart").forEach((node) => {
  const figure = data.figures[node.dataset.figure];
  if (figure) node.style.height = figure.layout.height + "px";  // set before drawing, so that links scroll to the right place
  seen.observe(node);
});

// Galleries, filled when their rule is opened

document.querySelectorAll("details.rule").forEach((details) => details.addEventListener("toggle", () => {
  details.querySelectorAll("img[data-sha]").forEach((image) => image.replaceWith(picture(image.dataset.sha, image.alt)));
  details.querySelectorAll("[data-strip]:empty").forEach((strip) => {
    const trace = data.documents[strip.dataset.strip];
    if (trace) trace.parts.filter((part) => part.image && data.thumbs[part.image]).slice(0, 3).forEach((part) => strip.append(picture(part.image, part.alt)));
  });
}));

// The table of documents

const PAGE = 100;
let shown = PAGE;
const outcomes = [...new Set(data.rows.map((row) => row[5]))].sort();
outcomes.forEach((outcome) => byId("outcome").append(make("option", { value: outcome }, outcome)));
function list() {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean), outcome = byId("outcome").value;
  const found = data.rows.filter((row) => (!outcome || row[5] === outcome) && words.every((word) => row.join(" ").toLowerCase().includes(word)));
  byId("rows").replaceChildren(...found.slice(0, shown).map((row) => {
    const title = row[1] || row[0];
    const name = row[6] ? make("a", { href: "#/document/" + row[0] }, title) : make("span", { title: "leafinstruct show " + row[0] }, title);
    const good = row[5] === "record" || row[5] === "kept by filters";
    return make("tr", {}, make("td", {}, name), make("td", {}, row[2]), make("td", {}, row[3]), make("td", { class: "n" }, String(row[4])), make("td", { class: good ? "kept-text" : "dropped-text" }, row[5]));
  }));
  byId("found").textContent = found.length + " documents";
  byId("more").hidden = found.length <= shown;
}
byId("find").addEventListener("input", () => { shown = PAGE; list(); });
byId("outcome").addEventListener("change", () => { shown = PAGE; list(); });
byId("more").addEventListener("click", () => { shown += PAGE; list(); });
list();

// What happened to one document

function value(entry) { return entry.name + " = " + (entry.text === null ? entry.value : entry.text); }
function link(url) {
  return /^https?:\/\//i.test(url) ? make("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, url) : make("span", {}, url);
}
function partOf(part, decision) {
  const gone = decision && !decision.kept && decision.dropped_by !== "document";
  const body = part.image ? [picture(part.image, part.alt), part.alt ? make("div", { class: "note" }, "alt: " + part.alt) : null, part.caption ? make("div", { class: "note" }, "caption: " + part.caption) : null, decision ? make("div", { class: decision.kept ? "kept-text" : "dropped-text" }, decision.kept ? "kept" : decision.dropped_by === "document" ? "dropped with its document" : "dropped by " + decision.dropped_by) : null, ...(decision ? decision.values : []).map((entry) => make("div", { class: "note" }, value(entry)))] : [markdown(part.html)];
  return make("div", { class: gone ? "part gone" : "part" }, make("div", { class: "at" }, String(part.part), part.step ? make("div", {}, (part.procedure > 1 ? "procedure " + part.procedure + ", " : "") + "step " + part.step) : null), make("div", {}, ...body.filter(Boolean)));
}
function scoresOf(scores) {
  const rows = Object.entries(scores).flatMap(([owner, list]) => list.map((row) => {
    const about = row.part !== undefined ? "part " + row.part : row.sha256 ? "image " + row.sha256.slice(0, 8) : "document";
    const values = Object.entries(row).filter(([name]) => !["document", "part", "sha256"].includes(name)).map(([name, number]) => name + " " + (number === "" ? "-" : number)).join(", ");
    return make("tr", {}, make("td", {}, owner), make("td", {}, about), make("td", {}, values));
  }));
  return make("details", {}, make("summary", {}, "All scores"), make("div", { class: "scroll" }, make("table", {}, make("tbody", {}, ...rows))));
}
function recordOf(record) {
  let image = 0;
  const messages = record.messages.map((message) => make("div", { class: "message " + message.role }, make("b", {}, message.role), ...message.content.map((content) => content.type === "image" ? picture(record.images[image++], "image " + image) : markdown(content.html))));
  return make("div", {}, make("h3", {}, "Record " + record.id + " · task " + record.task), record.dropped_by ? make("p", { class: "dropped-text" }, "dropped while rewriting: " + record.dropped_by) : null, ...messages);
}
function conditionOf(rule) {
  const details = byId("rule-" + rule.replace("score_missing:", ""));
  return details ? make("span", { class: "muted" }, ": " + details.querySelector("summary .muted").textContent) : "";
}
function traceOf(trace) {
  const about = trace.document, decisions = Object.fromEntries(trace.decisions.map((row) => [row.part, row]));
  const own = decisions["null"], record = trace.records[0];
  const bad = about.error || (own && !own.kept) || (record && record.dropped_by);
  const verdict = about.error ? "Harvest error: " + about.error : own && !own.kept ? "Dropped by " + own.dropped_by : record && record.dropped_by ? "Dropped while rewriting: " + record.dropped_by + (trace.unanswered ? " (" + trace.unanswered + ")" : "") : record ? "Became a record" : "Kept by all filters";
  const why = own ? [...own.failed_rules.map((rule) => make("div", {}, "fails rule ", make("a", { href: "#rule-" + rule.replace("score_missing:", "") }, rule), conditionOf(rule))), ...own.values.map((entry) => make("div", { class: "note" }, value(entry)))] : [];
  const head = ["source", "site", "license", "topic", "language"].map((name) => name + ": " + (about[name] || "unknown")).join(" · ");
  return [make("h2", {}, about.title || about.path || about.id), make("p", { class: "note" }, link(about.url || about.path)), make("p", { class: "note" }, head + " · id " + about.id), make("div", { class: bad ? "verdict bad" : "verdict" }, make("strong", {}, verdict), ...why), ...trace.parts.map((part) => partOf(part, decisions[part.part])), ...trace.lost.map((lost) => make("p", { class: "note" }, "image lost while harvesting: " + lost.ref + " (" + lost.reason + ")")), scoresOf(trace.scores), ...trace.records.map(recordOf)];
}
let before = null;
function route() {
  const match = /^#\/document\/(\w+)$/.exec(location.hash), trace = match && data.documents[match[1]];
  const overlay = byId("trace");
  if (trace) {
    before = before || document.activeElement;
    byId("trace-body").replaceChildren(...traceOf(trace));
    overlay.hidden = false; document.body.style.overflow = "hidden"; overlay.scrollTop = 0; byId("trace-body").focus({ preventScroll: true });
  } else {
    const was = !overlay.hidden;
    overlay.hidden = true; document.body.style.overflow = "";
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    if (target) { if (target.tagName === "DETAILS") target.open = true; target.scrollIntoView(); }
    if (was && before) { before.focus({ preventScroll: true }); before = null; }
  }
}
addEventListener("hashchange", route);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !byId("trace").hidden) location.hash = "#documents";
  if (event.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(document.activeElement.tagName)) { event.preventDefault(); byId("find").focus(); }
});
byId("close").addEventListener("click", (event) => { if (history.length > 1 && before) { event.preventDefault(); history.back(); } });
byId("trace").addEventListener("click", (event) => { if (event.target === byId("trace")) location.hash = "#documents"; });
route();
