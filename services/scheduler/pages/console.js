"use strict";
const at = id => document.getElementById(id);
// A link may bring the token behind the #, which no server sees.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}

const WHAT = {
  "outreach.enrolled": ["begun", "good"],
  "outreach.dispatched": ["ordered", "good"],
  "outreach.step_joined": ["joined another", "good"],
  "outreach.step_deferred": ["put off", "wait"],
  "outreach.person_due": ["for a person", "wait"],
  "outreach.paused": ["paused", "wait"],
  "outreach.resumed": ["resumed", "good"],
  "outreach.step_suppressed": ["not sent", "stop"],
  "outreach.cancelled": ["ended", "stop"],
  "outreach.completed": ["done", "good"],
};
const WHY = {
  agreed: "terms were agreed on", all_steps_done: "all steps done", already_enrolled: "already begun",
  arbitration: "something needed more goes first", broken: "the plan was not kept", cap: "contacted often enough",
  closed: "closed by the publisher", expired: "expired", gap: "too soon after another contact",
  handoff: "a person looks after it", hours: "outside the permitted hours", instalment_paid: "paid already",
  merged: "lives on under another id", missed: "the due date passed", no_address: "no address",
  no_consent: "no consent", nothing_sent: "nothing was sent", opted_out: "the customer opted out", paid: "paid",
  past: "its time had passed", paused: "paused", payment_lag: "events lag: a payment may be missing",
  payment_pending: "a payment is under way", person: "a person took over", place_unknown: "place unknown",
  renewed: "renewed", sending_stopped: "sending is stopped", settled: "settled", superseded: "a later step came",
  too_late: "too late to be of use", unreachable: "not reachable",
};
// What became of a step, as one of the bar's colours.
const FATE = {
  sent: "sent", unknown: "sent", planned: "planned", dispatched: "planned", handed_over: "waits",
  suppressed: "held", refused: "held", failed: "held", cancelled: "over",
};
const FATES = ["sent", "planned", "waits", "held", "over"];

const PATIENCE_MS = 60_000;  // What has no answer by then has none.
const STALE_MS = 6_000;  // What is shown is refreshed every two seconds.
const OLD_SECONDS = 10;  // Counts that are older say so.
const SILENT = "The scheduler does not answer";
const USUAL = at("stop-said").textContent;

let own = null;  // The tenant that the token is bound to, if it is to one.
let heard = null;  // When what is shown was told (Date.now()).
let shows = 0, asks = 0;  // Only the answer to the last question is shown.

const when = text => text.slice(0, 16).replace("T", " ");
const many = number => number.toLocaleString("en");
function why(reason) {
  if (!reason) return "";
  const [kind, name] = reason.split(":");
  if (name) return `${kind}: ${name.replaceAll("_", " ")}`;
  return WHY[reason] || reason.replaceAll("_", " ");
}
function node(tag, kind, ...inside) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...inside);
  return made;
}
function row(...cells) {
  return node("tr", "", ...cells.map(cell => typeof cell === "number" ? node("td", "n", many(cell))
    : node("td", "", cell ?? "")));
}
function fill(id, rows, width) {
  const empty = node("td", "soft", "Nothing yet."); empty.colSpan = width;
  at(id).replaceChildren(...(rows.length ? rows : [node("tr", "", empty)]));
}
function bar(parts, whole) {
  const made = node("span", "bar");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", parts.map(([kind, count]) => `${count} ${kind}`).join(", "));
  for (const [kind, count] of parts) {
    const part = node("i", kind);
    part.style.width = `${100 * count / Math.max(1, whole)}%`;
    made.append(part);
  }
  return made;
}
function tag(type) {
  const [words, kind] = WHAT[type] || [type, ""];
  return node("span", kind, words);
}

function showPlaybooks(enrolments, steps) {
  const found = new Map();
  const of = name => {
    if (!found.has(name)) found.set(name, {running: 0, ends: [], fates: new Map()});
    return found.get(name);
  };
  for (const one of enrolments) {
    if (one.status === "active") of(one.playbook).running += one.count;
    else of(one.playbook).ends.push(one);
  }
  for (const one of steps) {
    const fates = of(one.playbook).fates, fate = FATE[one.state] || "over";
    fates.set(fate, (fates.get(fate) || 0) + one.count);
  }
  fill("playbooks", [...found].map(([name, one]) => {
    const parts = FATES.filter(fate => one.fates.has(fate)).map(fate => [fate, one.fates.get(fate)]);
    const whole = parts.reduce((sum, [, count]) => sum + count, 0);
    const ends = one.ends.sort((a, b) => b.count - a.count).slice(0, 3)
      .map(end => `${many(end.count)} ${why(end.reason)}`).join(", ");
    return row(name, one.running, bar(parts, whole), node("span", "soft", ends));
  }), 4);
}
function showReasons(reasons) {
  const most = Math.max(1, ...reasons.map(one => one.count));
  at("reasons").replaceChildren(...reasons.slice(0, 14).map(one => node("li", "",
    node("span", "", why(one.reason), " ", node("span", "soft", (WHAT[one.type] || [one.type])[0])),
    bar([[one.type === "outreach.step_deferred" ? "waits" : "held", one.count]], most),
    node("b", "", many(one.count)))));
  if (!reasons.length) at("reasons").replaceChildren(node("li", "soft", "Nothing yet."));
}
function showRecent(recent) {
  fill("recent", recent.map(one => {
    const who = node("button", "who", one.customer);
    who.type = "button";
    who.addEventListener("click", () => explain(one.customer, one.tenant));
    const what = one.step ? `${one.playbook}, ${one.step}` : one.playbook;
    return row(when(one.at), tag(one.type), who, what, why(one.reason),
      node("span", "soft", one.rule || ""));
  }), 6);
}
function show(data) {
  own = data.tenant;
  for (const id of ["who-tenant", "of-tenant"])
    at(id).placeholder = `Tenant, ${own || "default"} if empty`;
  at("now").textContent = `${when(data.now)} UTC, business time`;
  at("sent").textContent = many(data.week.sent);
  at("held-back").textContent = many(data.week.not_made);
  at("put-off").textContent = many(data.week.put_off);
  at("planned").textContent = many(data.planned);
  at("next").textContent = data.next_at ? `the next at ${when(data.next_at)}` : "none to come";
  at("late").textContent = many(data.late);
  at("counted").hidden = data.counted_ago <= OLD_SECONDS;
  at("counted").textContent = `Counted ${many(Math.round(data.counted_ago))} seconds ago, as of `
    + `${when(data.counted_at)} UTC.`;
  showStopped(data.stopped, data.may_stop);
  at("stopping").hidden = !data.may_stop;
  showPlaybooks(data.enrolments, data.steps);
  showReasons(data.reasons);
  showRecent(data.recent);
}
function showFreshness() {
  const stale = heard !== null && Date.now() - heard > STALE_MS;
  at("unfresh").hidden = !stale;
  if (!stale) return;
  at("state").className = "chip wait";
  at("state").textContent = "not fresh";
  at("unfresh-since").textContent = new Date(heard).toTimeString().slice(0, 8);
}

function known(data) {
  const said = [data.timezone, data.country, data.region].filter(Boolean);
  for (const hold of data.holds) said.push(`hold: ${hold.kind}`);
  for (const refused of data.refused) said.push(`refused: ${refused}`);
  if (data.paused_until) said.push(`paused until ${when(data.paused_until)}`);
  for (const person of data.with_a_person) said.push(`with a person: ${person.reason}`);
  if (data.merged_into) said.push(`merged into ${data.merged_into}`);
  return said.join(" · ") || "Nothing is known that bears on contact.";
}
function matter(one) {
  const rule = one.rule ? [one.rule.rule, one.rule.version && `version ${one.rule.version}`,
    one.rule.citation, one.rule.verified === false && "not verified"].filter(Boolean).join(", ") : "";
  const made = node("li", "", node("p", "said", one.sentence));
  if (rule) made.append(node("p", "soft", `Rule: ${rule}`));
  if (one.would_change) made.append(node("p", "soft", `What would change it: ${one.would_change}`));
  return made;
}
async function ask(path, options = {}) {
  const token = sessionStorage.getItem("token");
  const headers = {authorization: `Bearer ${token}`, "content-type": "application/json"};
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(path, {...options, headers, signal}).catch(() => null);
  // What stands before the scheduler answers with pages of its own.
  const said = answer && await answer.json().catch(() => null);
  if (said) return {ok: answer.ok, status: answer.status, said};
  const status = answer ? ` (status ${answer.status})` : "";
  return {ok: false, said: {detail: `${SILENT}${status}.`}};
}
function fault(said) {
  return (said.errors || []).map(one => one.detail).join("; ") || said.detail || `${SILENT}.`;
}
async function explain(customer, tenant) {
  const turn = ++asks, of = tenant || own;
  at("who").value = customer;
  at("who-tenant").value = of === (own || "default") ? "" : of || "";
  at("story").replaceChildren(node("p", "soft", "Looking it up…"));
  const query = of ? `?tenant=${encodeURIComponent(of)}` : "";
  const {ok, said} = await ask(`/customers/${encodeURIComponent(customer)}/explain${query}`);
  if (turn !== asks) return;
  if (!ok) {
    at("story").replaceChildren(node("p", "stop", fault(said)));
    return;
  }
  // What the answer's sentence says is the first of them.
  const matters = [...said.contacts].reverse().concat(said.decisions);
  at("story").replaceChildren(
    node("p", "soft", known(said.known)),
    ...(matters.length ? [] : [node("p", "lead", said.sentence)]),
    node("ol", "matters", ...matters.map(matter)));
  at("asking").scrollIntoView({block: "start"});
}

async function operate(word, body) {
  const button = at("stop").querySelector("button");
  button.disabled = true;
  if (word === "stop") button.textContent = "Stopping…";
  at("stop-said").textContent = USUAL;
  at("stop-fault").textContent = "";
  try {
    const {ok, status, said} = await ask(`/sending/${word}`, {
      method: "POST", body: JSON.stringify(body),
    });
    const answered = said.stopped || status < 500;
    const doubt = answered ? "" : " It may have been heard all the same: say it again.";
    if (!ok) at("stop-fault").textContent = fault(said) + doubt;
    shows += 1;  // An overview that was asked for before knows nothing of it.
    if (said.stopped) showStopped(said.stopped, true);
    if (said.in_force) at("stop-said").textContent =
      "In force: nothing of it leaves any more. What a provider took before cannot be called back.";
  } finally {
    button.disabled = false;
    button.textContent = "Stop sending";
  }
}
function showStopped(stopped, mayStop) {
  at("state").hidden = false;
  at("state").className = stopped.length ? "chip stop" : "chip good";
  at("state").textContent = stopped.length ? "stopped, in part or whole" : "sending";
  at("stopped").hidden = !stopped.length;
  if (!stopped.length) at("stop-said").textContent = USUAL;
  at("stopped").querySelector("ul").replaceChildren(...stopped.map(one => {
    const what = one.name ? `${one.scope} ${one.name}` : one.scope;
    const where = one.tenant ? `${what}, tenant ${one.tenant}` : what;
    const item = node("li", "", `${where}: by ${one.by} since ${when(one.at)} UTC, ${one.reason}`);
    if (mayStop) {
      const button = node("button", "", "Resume");
      button.setAttribute("aria-label", `Resume ${where}`);
      button.addEventListener("click", () => {
        const {scope, tenant, name, reason} = one;
        operate("resume", {scope, reason, ...(tenant && {tenant}), ...(name && {name})});
      });
      item.append(button);
    }
    return item;
  }));
}

function signOut() {
  sessionStorage.clear();
  own = heard = null;
  shows += 1;
  asks += 1;
  document.querySelectorAll("[data-part], #stopping, #stopped, #state, #unfresh")
    .forEach(part => { part.hidden = true; });
  for (const id of ["ask", "stop"]) at(id).reset();
  at("scope").dispatchEvent(new Event("change"));
  for (const id of ["story", "stop-fault"]) at(id).replaceChildren();
  at("stop-said").textContent = USUAL;
  at("sign-in").hidden = false;
}
async function refresh() {
  if (!sessionStorage.getItem("token")) return;
  const turn = ++shows;
  const {ok, status, said} = await ask("/console/data");
  if (turn !== shows) return;
  if (status === 401 || status === 403) signOut();
  at("fault").textContent = at("unfresh-why").textContent = ok ? "" : fault(said);
  if (!ok) return;
  show(said);
  heard = Date.now();
  at("sign-in").hidden = true;
  document.querySelectorAll("[data-part]").forEach(part => { part.hidden = false; });
}
async function keepFresh() {
  try {
    await refresh();
  } finally {
    showFreshness();
    setTimeout(keepFresh, 2000);
  }
}
at("scope").addEventListener("change", () => {
  const scope = at("scope").value;
  at("of-tenant").hidden = scope === "everything";
  const named = scope === "creditor" || scope === "playbook";
  at("name").hidden = !named;
  at("name").required = named;
});
at("stop").addEventListener("submit", event => {
  event.preventDefault();
  const scope = at("scope").value, body = {scope, reason: at("reason").value.trim()};
  const tenant = at("of-tenant").value.trim() || own;
  if (scope !== "everything" && tenant) body.tenant = tenant;
  if (!at("name").hidden) body.name = at("name").value.trim();
  operate("stop", body);
});
at("ask").addEventListener("submit", event => {
  event.preventDefault();
  explain(at("who").value.trim(), at("who-tenant").value.trim());
});
document.querySelector("#sign-in form").addEventListener("submit", event => {
  event.preventDefault();
  sessionStorage.setItem("token", at("token").value.trim());
  at("fault").textContent = "";
  refresh();
});
setInterval(showFreshness, 1000);
keepFresh();
