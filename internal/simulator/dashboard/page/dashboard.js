"use strict";

const state = { deployments: new Map(), chosen: null, follow: true, weights: new Map(), sides: new Map(), samples: [], now: 0, customers: "production", lines: [], functions: new Set() };
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

// until is the end of an event, or, while it runs, the simulated time as far as it is known.
const until = (event) => event.End || Math.max(state.now, event.Start);

function duration(event) {
  if (!event.Start) return "–";
  const ms = until(event) - event.Start;
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds) % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
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
  const to = Math.max(...begun.map(until), from + 1);
  const longest = Math.max(...d.Events.map((e) => e.Name.length));
  const width = 900, left = Math.max(160, longest * 7), row = 20;
  const x = (ms) => left + ((ms - from) / (to - from)) * (width - left - 70);
  const bars = d.Events.flatMap((e, i) => {
    const y = i * row;
    const label = make("text", { x: e.Hook ? 12 : 0, y: y + 13 }, e.Name);
    if (!e.Start) return [label];
    const end = x(until(e));
    return [label,
      make("rect", { class: `bar-${e.Class}`, x: x(e.Start), y: y + 3, width: Math.max(end - x(e.Start), 3), height: 13, rx: 2 }, make("title", {}, `${e.Name}: ${e.Status}, ${duration(e)}`)),
      make("text", { x: Math.max(end, x(e.Start) + 3) + 6, y: y + 13 }, duration(e))];
  });
  $("picture").replaceChildren(make("svg", { viewBox: `0 0 ${width} ${d.Events.length * row + 6}` }, ...bars));
}

// side is the colour of a target group or version.
const side = (group) => state.sides.get(group) || "other";

const noun = (n) => `${n} ${state.customers === "production" ? "request" : "invocation"}${n === 1 ? "" : "s"}`;

function showWeights() {
  $("weights").replaceChildren(...[...state.weights].map(([listener, weights]) => {
    const total = Object.values(weights).reduce((a, b) => a + b, 0) || 1;
    const parts = Object.entries(weights).sort(byName).filter(([, w]) => w > 0).map(([group, w]) => {
      const share = `${group} ${Number(((100 * w) / total).toFixed(1))} %`;
      const part = make("span", { class: side(group), title: share }, share);
      part.style.flexGrow = w;
      return part;
    });
    return make("div", { class: "weight" }, make("b", {}, listener), make("div", {}, ...parts));
  }));
}

const byName = ([a], [b]) => a.localeCompare(b, undefined, { numeric: true });

// showTraffic draws what each target group or version answered between two looks; what went wrong is on top of it.
function showTraffic() {
  const steps = state.samples.slice(1).map((now, i) => {
    const before = state.samples[i].counts, groups = {};
    for (const [group, n] of Object.entries(now.counts)) {
      const [all, bad] = [n.all - (before[group]?.all || 0), n.bad - (before[group]?.bad || 0)];
      groups[group] = { all: Math.max(all, 0), bad: Math.max(bad, 0) };
    }
    return { from: state.samples[i].time, time: now.time, groups };
  }).slice(-columns);
  const busiest = Math.max(0, ...steps.map((s) => Object.values(s.groups).reduce((sum, n) => sum + n.all, 0)));
  const width = 900, height = 120, step = width / Math.max(steps.length, 30);
  const bars = steps.flatMap((s, i) => {
    let y = height;
    return Object.entries(s.groups).sort(byName).filter(([, n]) => n.all).flatMap(([group, n]) => [[side(group), n.all - n.bad, ""], ["bad", n.bad, ", which went wrong"]].filter(([, part]) => part).map(([kind, part, what]) => {
      const h = (part / busiest) * (height - 16);
      y -= h;
      return make("rect", { class: kind, x: i * step, y, width: Math.max(step - 1, 1), height: h }, make("title", {}, `${clock(s.from)} to ${clock(s.time)}: ${noun(part)} by ${group}${what}`));
    }));
  });
  const axis = [make("line", { class: "axis", x1: 0, y1: height, x2: width, y2: height }), make("text", { x: 0, y: 10 }, busiest ? `${busiest} at most` : "none yet")];
  if (busiest) axis.push(make("text", { x: 0, y: height + 14 }, clock(steps[0].from)), make("text", { x: Math.min(Math.max(steps.length * step, 160), width), y: height + 14, "text-anchor": "end" }, clock(steps.at(-1).time)));
  $("traffic").replaceChildren(make("svg", { viewBox: `0 0 ${width} ${height + 18}` }, ...axis, ...bars));
  const totals = Object.entries(state.samples.at(-1)?.counts || {}).sort(byName);
  $("legend").replaceChildren(...totals.map(([group, n]) => make("li", { class: side(group) }, `${noun(n.all)} by ${group}`, ...(n.bad ? [make("span", { class: "Failed" }, `, ${n.bad} went wrong`)] : []))));
}

function showLogs(all) {
  const chosen = $("function").value, box = $("logs");
  const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
  const wanted = (line) => !chosen || line.Function === chosen;
  const paragraph = (line) => make("p", { class: line.Kind }, `${clock(line.Time)} ${line.Function}  ${line.Text}`);
  if (all) box.replaceChildren(...state.lines.filter(wanted).map(paragraph));
  else if (state.lines.length > 0 && wanted(state.lines.at(-1))) box.append(paragraph(state.lines.at(-1)));
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
    Object.assign(state, { deployments: new Map(), weights: new Map(), sides: new Map(urls.alias ? [] : [["tg-1", "one"], ["tg-2", "two"]]), samples: [], lines: [], functions: new Set(), customers: urls.customers || "production" });
    for (const listener of ["production", "test"]) if (urls[listener]) state.weights.set(listener, { "tg-1": 100 });
    $("traffic-title").textContent = urls.alias ? "Invocations" : "Traffic";
    $("over-time").textContent = urls.alias ? "Invocations of the alias over time, by version" : "Requests on the production listener over time, by target group";
    $("function").replaceChildren(make("option", { value: "" }, "all"));
    $("logs").replaceChildren();
    const names = { production: "production", test: "test", alias: "alias", aws: "AWS endpoint" };
    $("urls").replaceChildren(...Object.entries(names).filter(([key]) => urls[key]).map(([key, name]) => make("div", {}, make("dt", {}, name), make("dd", {}, [urls[key], urls[key + "Rule"]].filter(Boolean).join("  ")))));
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
  weights(w) {
    state.weights.set(w.Listener, w.Weights);
    // A version that hasn't been routed to before gets the colour that the last one doesn't have.
    for (const version of Object.keys(w.Weights)) if (!state.sides.has(version)) state.sides.set(version, ["one", "two"][state.sides.size % 2]);
  },
  traffic(t) {
    state.now = Math.max(state.now, t.Time);
    const counts = {};
    for (const c of t.Counts) {
      if (c.Listener !== state.customers || !c.Group) continue;
      counts[c.Group] ||= { all: 0, bad: 0 };
      counts[c.Group].all += c.Requests;
      counts[c.Group].bad += c.Bad;
    }
    sample({ time: t.Time, counts, sum: Object.values(counts).reduce((sum, n) => sum + n.all, 0) });
  },
  log(line) {
    const place = state.lines.findLastIndex((other) => other.Time <= line.Time) + 1; // who comes late gets notices after lines
    state.lines.splice(place, 0, line);
    if (state.lines.length > 2000) forgetLine();
    if (!state.functions.has(line.Function)) {
      state.functions.add(line.Function);
      $("function").append(make("option", { value: line.Function }, line.Function));
    }
    showLogs(place < state.lines.length - 1);
  },
};

// columns is how many the picture of the traffic has at most.
const columns = 120;

// sample keeps what was counted. Who comes late is told of the past and of the present at once; while nobody comes, one
// sample stands for all.
function sample(now) {
  let i = state.samples.length;
  while (i > 0 && state.samples[i - 1].sum > now.sum) i--;
  const same = (at) => state.samples[at]?.sum === now.sum;
  if (same(i - 1) && same(i - 2)) {
    state.samples[i - 1].time = Math.max(state.samples[i - 1].time, now.time);
    return;
  }
  state.samples.splice(i, 0, now);
  if (state.samples.length > 600) state.samples.shift();
}

// forgetLine drops the oldest line of the function that has written most, so that the others keep theirs.
function forgetLine() {
  const counts = new Map();
  for (const line of state.lines) counts.set(line.Function, (counts.get(line.Function) || 0) + 1);
  const most = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const chosen = $("function").value;
  if (!chosen || chosen === most) {
    const shown = chosen ? state.lines.filter((line) => line.Function === chosen) : state.lines;
    $("logs").children[shown.findIndex((line) => line.Function === most)]?.remove();
  }
  state.lines.splice(state.lines.findIndex((line) => line.Function === most), 1);
}

const source = new EventSource("happenings");
source.onopen = () => { $("connection").textContent = "live"; };
source.onerror = () => { $("connection").textContent = source.readyState === EventSource.CLOSED ? "the simulation is over" : "connecting…"; };
for (const kind of Object.keys(on)) source.addEventListener(kind, (message) => { on[kind](JSON.parse(message.data)); soon(); });
$("function").addEventListener("change", () => showLogs(true));
