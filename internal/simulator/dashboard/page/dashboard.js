"use strict";

const state = { deployments: new Map(), chosen: null, follow: true, weights: new Map(), samples: [], lines: [], functions: new Set() };
const $ = (id) => document.getElementById(id);

// make builds an element; what comes from the simulation is only ever set as text.
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "rect", "text", "line", "g", "title"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const clock = (ms) => (ms ? new Date(ms).toLocaleTimeString(undefined, { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 }) : "–");

function duration(event) {
  if (!event.Start) return "–";
  const ms = (event.End || Date.now()) - event.Start;
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const describe = (d) => (d.Creator === "codeDeployRollback" ? `rollback to ${d.To}` : `${d.From || "?"} → ${d.To}`);

function showDeployments() {
  const list = [...state.deployments.values()].reverse();
  $("none").hidden = list.length > 0;
  const focused = document.activeElement?.dataset?.id;
  $("deployments").replaceChildren(...list.map((d) => {
    const button = make("button", { type: "button", "data-id": d.ID, "aria-current": d.ID === state.chosen }, describe(d),
      make("small", {}, `${d.ID} `, make("span", { class: d.Class }, d.Status)));
    button.addEventListener("click", () => { state.chosen = d.ID; state.follow = false; show(); });
    return make("li", {}, button);
  }));
  if (focused) document.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

function showDeployment() {
  const d = state.deployments.get(state.chosen);
  $("deployment").hidden = !d;
  if (!d) return;
  $("title").replaceChildren(`${d.ID}: ${describe(d)} `, make("span", { class: d.Class }, d.Status));
  $("why").hidden = !d.Error;
  $("why").textContent = d.Error ? `${d.Error}${d.Rollback ? ` Rolled back by ${d.Rollback}.` : ""}` : "";
  $("events").replaceChildren(...d.Events.map((e) => make("tr", {},
    make("th", { scope: "row", class: e.Hook ? "hook" : "" }, e.Name), make("td", { class: "number" }, duration(e)), make("td", { class: e.Class }, e.Status),
    make("td", {}, clock(e.Start)), make("td", {}, clock(e.End)), make("td", {}, e.Function || "–"))));
  showPicture(d);
}

// showPicture draws each event as a bar over the deployment's time.
function showPicture(d) {
  const begun = d.Events.filter((e) => e.Start);
  if (begun.length === 0) { $("picture").replaceChildren(); return; }
  const from = Math.min(...begun.map((e) => e.Start));
  const to = Math.max(...begun.map((e) => e.End || Date.now()), from + 1);
  const longest = Math.max(...d.Events.map((e) => e.Name.length));
  const width = 900, left = Math.max(160, longest * 7), row = 20;
  const x = (ms) => left + ((ms - from) / (to - from)) * (width - left - 70);
  const bars = d.Events.flatMap((e, i) => {
    const y = i * row;
    const label = make("text", { x: e.Hook ? 12 : 0, y: y + 13 }, e.Name);
    if (!e.Start) return [label];
    const end = x(e.End || Date.now());
    return [label,
      make("rect", { class: `bar-${e.Class}`, x: x(e.Start), y: y + 3, width: Math.max(end - x(e.Start), 3), height: 13, rx: 2 }, make("title", {}, `${e.Name}: ${e.Status}, ${duration(e)}`)),
      make("text", { x: Math.max(end, x(e.Start) + 3) + 6, y: y + 13 }, duration(e))];
  });
  $("picture").replaceChildren(make("svg", { viewBox: `0 0 ${width} ${d.Events.length * row + 6}` }, ...bars));
}

const side = (group) => ({ "tg-1": "one", "tg-2": "two" })[group] || "other";

function showWeights() {
  $("weights").replaceChildren(...[...state.weights].map(([listener, weights]) => {
    const total = Object.values(weights).reduce((a, b) => a + b, 0) || 1;
    const parts = Object.entries(weights).sort().filter(([, w]) => w > 0).map(([group, w]) => {
      const part = make("span", { class: side(group) }, `${group} ${Math.round((100 * w) / total)} %`);
      part.style.flexGrow = w;
      return part;
    });
    return make("div", { class: "weight" }, make("b", {}, listener), make("div", {}, ...parts));
  }));
}

// showTraffic draws what each target group answered on the production listener between two samples.
function showTraffic() {
  const steps = state.samples.slice(1).map((now, i) => {
    const before = state.samples[i].counts, groups = {};
    for (const [group, n] of Object.entries(now.counts)) groups[group] = Math.max(n - (before[group] || 0), 0);
    return { time: now.time, groups };
  }).slice(-120);
  const busiest = Math.max(0, ...steps.map((s) => Object.values(s.groups).reduce((a, b) => a + b, 0)));
  const most = Math.max(busiest, 1);
  const width = 900, height = 120, step = width / 120;
  const bars = steps.flatMap((s, i) => {
    let y = height;
    return Object.entries(s.groups).sort().map(([group, n]) => {
      const h = (n / most) * (height - 14);
      y -= h;
      return make("rect", { class: side(group), x: i * step, y, width: step - 1, height: h }, make("title", {}, `${clock(s.time)}: ${n} requests to ${group}`));
    });
  });
  $("traffic").replaceChildren(make("svg", { viewBox: `0 0 ${width} ${height + 1}` },
    make("line", { class: "axis", x1: 0, y1: height, x2: width, y2: height }), make("text", { x: 0, y: 10 }, busiest ? `${busiest} at most` : "none yet"), ...bars));
  const totals = state.samples.at(-1)?.counts || {};
  $("legend").replaceChildren(...Object.entries(totals).sort().map(([group, n]) => make("li", { class: side(group) }, `${group}: ${n} requests in all`)));
}

function showLogs(all) {
  const chosen = $("function").value, box = $("logs");
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  const wanted = (line) => !chosen || line.Function === chosen;
  const paragraph = (line) => make("p", { class: line.Kind }, `${clock(line.Time)} ${line.Function}  ${line.Text}`);
  if (all) box.replaceChildren(...state.lines.filter(wanted).map(paragraph));
  else if (wanted(state.lines.at(-1))) box.append(paragraph(state.lines.at(-1)));
  if (atEnd || all) box.scrollTop = box.scrollHeight;
}

function show() { showDeployments(); showDeployment(); }

// One drawing a frame, however much happens.
let due = false;
function soon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; show(); showWeights(); showTraffic(); });
}

const on = {
  hello(urls) {
    Object.assign(state, { deployments: new Map(), weights: new Map(), samples: [], lines: [], functions: new Set() });
    $("function").replaceChildren(make("option", { value: "" }, "all"));
    $("logs").replaceChildren();
    const names = { production: "production", test: "test", aws: "AWS endpoint" };
    $("urls").replaceChildren(...Object.entries(names).filter(([key]) => urls[key]).map(([key, name]) => make("div", {}, make("dt", {}, name), make("dd", {}, [urls[key], urls[key + "Rule"]].filter(Boolean).join("  "))));
  },
  deployment(d) {
    const known = state.deployments.get(d.ID);
    d.Events ||= known?.Events || []; // those of ECS come one by one
    state.deployments.set(d.ID, d);
    if (!known && state.follow && d.Creator !== "codeDeployRollback") state.chosen = d.ID;
    state.chosen ||= d.ID;
  },
  event(e) {
    const d = state.deployments.get(e.Deployment);
    if (!d) return;
    const i = d.Events.findIndex((known) => known.Key === e.Key);
    if (i < 0) d.Events.push(e);
    else d.Events[i] = e.Hook ? { ...e, Start: d.Events[i].Start } : e; // a hook's first change was its start
  },
  weights(w) { state.weights.set(w.Listener, w.Weights); },
  traffic(t) {
    const counts = {};
    for (const c of t.Counts) if (c.Listener === "production" && c.Group) counts[c.Group] = (counts[c.Group] || 0) + c.Requests;
    state.samples.push({ time: t.Time, counts });
    if (state.samples.length > 600) state.samples.shift();
  },
  log(line) {
    state.lines.push(line);
    if (state.lines.length > 2000) { state.lines.shift(); if (!$("function").value) $("logs").firstChild?.remove(); }
    if (!state.functions.has(line.Function)) {
      state.functions.add(line.Function);
      $("function").append(make("option", { value: line.Function }, line.Function));
    }
    showLogs(false);
  },
};

const source = new EventSource("happenings");
source.onopen = () => { $("connection").textContent = "live"; };
source.onerror = () => { $("connection").textContent = source.readyState === EventSource.CLOSED ? "the simulation is over" : "connecting…"; };
for (const kind of Object.keys(on)) source.addEventListener(kind, (message) => { on[kind](JSON.parse(message.data)); soon(); });
$("function").addEventListener("change", () => showLogs(true));
