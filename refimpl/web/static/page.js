// The Trusted certificates page: a client of the platform's own REST interface, as
// whoever logs in. Everything that comes from outside is put into the page as text,
// never as markup; the page's Trusted Types policy lets nothing else through.

const $ = (id) => document.getElementById(id);
const pageSize = 2000; // the largest that the REST interface gives
const shownAtOnce = 50;
const day = 24 * 60 * 60 * 1000;

const messages = {
  401: "User, password or tenant is wrong.",
  403: "This takes ROLE_TENANT_ADMIN or ROLE_TENANT_MANAGEMENT_ADMIN, which this user does not have.",
  409: "This certificate is already trusted: each one can be added once on the whole platform.",
};

// Why the platform refuses a certificate, by what its message holds.
const reasons = [
  [/ca-not-v3/, "This is not a version 3 certificate."],
  [/issuer-not-ca/, "This is not a CA certificate: its basicConstraints do not say CA:TRUE."],
  [/issuer-ku/, "This CA certificate may not sign others: its keyUsage lacks keyCertSign."],
  [/\bexpired/, "This certificate has expired."],
  [/weak-key|weak-signature/, "The key or the signature of this certificate is too weak."],
  [/bad-signature/, "The signature of this certificate is wrong."],
  [/PEM|base64|not an X\.509|is empty/, "This file holds no certificate that can be read."],
];

const noRoom = /as many trusted certificates/; // which is no fault of the file's

// A Refusal is an answer of the platform that is no success; status 0 is no answer at all.
class Refusal extends Error {
  constructor(status, message) {
    super(messages[status] ?? message ?? `The platform answered ${status}.`);
    this.status = status;
    this.detail = message ?? "";
  }
}

let answerWith = null; // takes the answer to the question before deleting
let session = null; // {authorization, tenant, user}
let certificates = []; // as the platform shows them, the latest first
let edits = 0; // requests so far that may have changed the list
let shown = shownAtOnce;
let chosen = Promise.resolve(null); // the PEM block of the chosen file, once it is read

// ---- REST

async function request(method, path, body) {
  const headers = { Accept: "application/json", Authorization: session.authorization };
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    // Without credentials the browser does not open its own login dialog on 401.
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(30000) });
  } catch {
    throw new Refusal(0, "The platform does not answer.");
  }
  if (method !== "GET") edits++;
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Refusal(response.status, answer?.message);
}

const collection = () => `/tenant/tenants/${encodeURIComponent(session.tenant)}/trusted-certificates`;
const resource = (certificate) => `${collection()}/${encodeURIComponent(certificate.fingerprint)}`;

// readAll reads the list again where something was changed while it was being read: what came
// late would hide a certificate that was just added.
async function readAll() {
  for (;;) {
    const before = edits, all = [];
    for (let page = 1; all.length === (page - 1) * pageSize; page++) {
      const answer = await request("GET", `${collection()}?pageSize=${pageSize}&currentPage=${page}`);
      all.push(...answer.certificates);
    }
    if (before === edits) return all.reverse();
  }
}

// ---- What is said to the person

function say(text) { $("announcement").textContent = text; }

function showIn(element, text) {
  element.textContent = text;
  element.hidden = !text;
}

// mark shows an error beside its field, or takes it away.
function mark(field, text) {
  showIn($(`${field}-error`), text);
  if (text) $(field).setAttribute("aria-invalid", "true");
  else $(field).removeAttribute("aria-invalid");
  return !text;
}

// busy keeps controls from being used twice while work is under way.
async function busy(controls, work) {
  for (const control of controls) control.disabled = true;
  try {
    return await work();
  } finally {
    for (const control of controls) control.disabled = false;
  }
}

// ---- Logging in

function show(loggedIn) {
  $("login-form").hidden = loggedIn;
  $("work").hidden = !loggedIn;
  $("who").hidden = !loggedIn;
  $("who-name").textContent = loggedIn ? `${session.tenant} / ${session.user}` : "";
}

async function login(event) {
  event.preventDefault();
  const user = $("user").value.trim(), password = $("password").value, tenant = $("tenant").value.trim();
  showIn($("login-error"), "");
  const complete = [mark("user", user ? "" : "Enter a user."), mark("password", password ? "" : "Enter the password.")];
  if (complete.includes(false)) return $(user ? "password" : "user").focus();
  const bytes = new TextEncoder().encode(`${tenant ? tenant + "/" : ""}${user}:${password}`);
  session = { authorization: "Basic " + btoa(String.fromCharCode(...bytes)), user };
  try {
    await busy([$("login")], async () => { session.tenant = (await request("GET", "/tenant/currentTenant")).name; });
  } catch (refusal) {
    session = null;
    showIn($("login-error"), refusal.message);
    return $("password").focus();
  }
  sessionStorage.setItem("session", JSON.stringify(session));
  $("password").value = "";
  await enter();
  $("main").focus();
}

function logout(reason) {
  sessionStorage.removeItem("session");
  session = null;
  certificates = [];
  $("certificates").replaceChildren();
  $("add-form").reset();
  show(false);
  showIn($("login-error"), reason);
  $("tenant").focus();
}

async function enter() {
  show(true);
  forget();
  await refresh();
}

// trouble deals with what every request can meet, and returns what is left to show.
function trouble(refusal) {
  if (!(refusal instanceof Refusal)) throw refusal;
  if (refusal.status === 401) logout("You are no longer logged in.");
  return refusal.status === 401 ? "" : refusal.message;
}

// ---- Adding

// readPEM returns the one certificate of a file, or says what is wrong with the file. A
// private key must not leave the machine, however it came into the file.
async function readPEM(file) {
  if (file.size > 64 * 1024) return { problem: "This file is too large to be one certificate." };
  const text = await file.text().catch(() => null);
  if (text === null) return { problem: "This file cannot be read." };
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
    return { problem: "This file holds a private key, so nothing was sent. Drop the certificate alone." };
  }
  const begins = text.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
  if (begins === 0) return { problem: "This is no PEM file: the line -----BEGIN CERTIFICATE----- is missing." };
  if (begins > 1) return { problem: `This file holds ${begins} certificates. Drop the one to be trusted.` };
  const block = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/);
  return block ? { pem: block[0] } : { problem: "This PEM file is cut off: the line -----END CERTIFICATE----- is missing." };
}

function forget() {
  chosen = Promise.resolve(null);
  $("add-form").reset();
  $("drop").classList.remove("chosen");
  $("file-state").textContent = "Drop a PEM file here, or choose one";
  for (const field of ["file", "name"]) mark(field, "");
  showIn($("add-error"), "");
}

// choose takes a file; whoever needs what is in it waits for the promise chosen.
function choose(files) {
  mark("file", files.length > 1 ? "Drop one file at a time." : "");
  chosen = Promise.resolve(null);
  if (files.length !== 1) return;
  $("file-state").textContent = files[0].name;
  $("drop").classList.add("chosen");
  const reading = readPEM(files[0]).then(({ pem, problem }) => {
    if (reading !== chosen) return null; // another file was chosen meanwhile
    if (mark("file", problem ?? "")) say(`${files[0].name} is chosen.`);
    return pem ?? null;
  });
  chosen = reading;
}

async function add(event) {
  event.preventDefault();
  const name = $("name").value.trim();
  showIn($("add-error"), "");
  const certInPemFormat = await chosen;
  const complete = [
    mark("file", certInPemFormat ? "" : $("file-error").textContent || "Choose the CA certificate as a PEM file."),
    mark("name", name ? "" : "Enter a name."),
  ];
  if (complete.includes(false)) return $(complete[0] ? "name" : "file").focus();
  try {
    const added = await busy([$("add")], () => request("POST", collection(), {
      status: $("status").checked ? "ENABLED" : "DISABLED", name,
      autoRegistrationEnabled: $("auto-registration").checked, certInPemFormat,
    }));
    certificates.unshift(added);
    $("search").value = "";
    forget();
    render(added.fingerprint);
    say(`${name} is added.`);
  } catch (refusal) {
    const text = trouble(refusal);
    const ofFile = refusal.status === 409 || refusal.status === 422 && !noRoom.test(refusal.detail);
    if (!ofFile) return showIn($("add-error"), text);
    chosen = Promise.resolve(null); // it would be refused again
    $("file").value = ""; // so that choosing the same file again counts as a choice
    mark("file", reasons.find(([pattern]) => pattern.test(refusal.detail))?.[1] ?? text);
    $("file").focus();
  }
}

// ---- The list

async function refresh() {
  showIn($("list-error"), "");
  try {
    certificates = await busy([$("refresh")], readAll);
  } catch (refusal) {
    certificates = [];
    showIn($("list-error"), trouble(refusal));
  }
  if (session) render();
}

const searched = (certificate) => {
  const text = $("search").value.trim().toLowerCase();
  return [certificate.name, certificate.subject, certificate.fingerprint].some((part) => (part ?? "").toLowerCase().includes(text));
};

function render(fresh) {
  const found = certificates.filter(searched);
  $("certificates").replaceChildren(...found.slice(0, shown).map((c) => item(c, c.fingerprint === fresh)));
  $("count").textContent = certificates.length || "";
  $("search").hidden = certificates.length < 2;
  $("more").hidden = found.length <= shown;
  const nothing = certificates.length ? "No certificate is like that." : "No certificate is trusted yet: no device can log in with one.";
  showIn($("empty"), found.length || !$("list-error").hidden ? "" : nothing);
}

// validity says what is noteworthy of the period in which a certificate is good.
function validity(certificate, now) {
  const before = Date.parse(certificate.notBefore), after = Date.parse(certificate.notAfter);
  if (now > after) return ["Expired", true];
  if (now < before) return ["Not yet valid", false];
  const left = Math.floor((after - now) / day);
  return left < 30 ? [left < 1 ? "Expires today" : `Expires in ${left} ${left === 1 ? "day" : "days"}`, false] : ["", false];
}

function date(element, text) {
  element.dateTime = text;
  element.textContent = text.slice(0, 10);
}

// item makes the list's entry of one certificate.
function item(certificate, fresh) {
  const li = $("certificate").content.cloneNode(true).firstElementChild;
  const part = (name) => li.querySelector("." + name);
  const status = part("status"), auto = part("auto-registration");
  li.classList.toggle("new", fresh);
  li.dataset.fingerprint = certificate.fingerprint;
  for (const field of ["subject", "fingerprint"]) part(field).textContent = certificate[field];
  date(part("not-before"), certificate.notBefore);
  date(part("not-after"), certificate.notAfter);
  const [badge, bad] = validity(certificate, Date.now());
  showIn(part("badge"), badge);
  part("badge").classList.toggle("bad", bad);

  const fill = () => {
    const name = certificate.name || "(no name)";
    part("name").textContent = name;
    status.checked = certificate.status === "ENABLED";
    auto.checked = certificate.autoRegistrationEnabled;
    for (const [control, what] of [[status, "Status: Enabled"], [auto, "Auto registration"], [part("rename"), "Rename"], [part("delete"), "Delete"]]) {
      control.setAttribute("aria-label", `${what}, ${name}`);
    }
  };
  const change = async (control, update, done) => {
    showIn(part("error"), "");
    try {
      // One change at a time, so that an answer never shows what a later one has overtaken.
      Object.assign(certificate, await busy(li.querySelectorAll(".controls input, .controls button"), () => request("PUT", resource(certificate), update)));
      say(done);
    } catch (refusal) {
      showIn(part("error"), trouble(refusal));
    }
    fill();
    control.focus();
  };
  const renaming = (on) => {
    part("rename-form").hidden = !on;
    part("title").hidden = part("actions").hidden = on;
    showIn(part("error"), "");
    part("new-name").value = certificate.name;
    part("new-name").removeAttribute("aria-invalid");
    part(on ? "new-name" : "rename").focus();
  };
  fill();
  status.addEventListener("change", () => change(status, { status: status.checked ? "ENABLED" : "DISABLED" },
    `${certificate.name} is ${status.checked ? "enabled" : "disabled"}.`));
  auto.addEventListener("change", () => change(auto, { autoRegistrationEnabled: auto.checked },
    `Auto registration of ${certificate.name} is ${auto.checked ? "on" : "off"}.`));
  part("rename").addEventListener("click", () => renaming(true));
  part("cancel").addEventListener("click", () => renaming(false));
  part("rename-form").addEventListener("keydown", (event) => { if (event.key === "Escape") renaming(false); });
  part("rename-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = part("new-name").value.trim();
    if (!name) {
      showIn(part("error"), "Enter a name.");
      part("new-name").setAttribute("aria-invalid", "true");
      return part("new-name").focus();
    }
    renaming(false);
    await change(part("rename"), { name }, `The certificate is now called ${name}.`);
  });
  part("delete").addEventListener("click", () => remove(certificate, li));
  return li;
}

// ---- Deleting

// confirmed asks, and leaves it to the browser to put the focus back where it was.
function confirmed(name) {
  $("confirm-name").textContent = name;
  $("confirm").showModal();
  $("confirm-cancel").focus();
  return new Promise((resolve) => { answerWith = resolve; });
}

// answered closes the dialog and passes the answer on at once: its close event would come late.
function answered(yes) {
  $("confirm").close();
  answerWith(yes);
}

async function remove(certificate, li) {
  if (!await confirmed(certificate.name || certificate.fingerprint)) return;
  try {
    await busy([li.querySelector(".delete")], () => request("DELETE", resource(certificate)));
  } catch (refusal) {
    if (refusal.status !== 404) return showIn(li.querySelector(".error"), trouble(refusal));
  }
  certificates = certificates.filter((other) => other !== certificate);
  render();
  $("list-title").focus();
  say(`${certificate.name} is deleted.`);
}

// ---- Wiring

$("login-form").addEventListener("submit", login);
$("logout").addEventListener("click", () => logout(""));
$("add-form").addEventListener("submit", add);
$("file").addEventListener("change", () => choose($("file").files));
for (const kind of ["dragenter", "dragover"]) {
  $("drop").addEventListener(kind, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) $("drop").addEventListener(kind, () => $("drop").classList.remove("over"));
$("drop").addEventListener("drop", (event) => { event.preventDefault(); choose(event.dataTransfer.files); });
// A file that misses the drop zone must not replace the page.
for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
$("refresh").addEventListener("click", async () => { await refresh(); say("The list is up to date."); });
$("search").addEventListener("input", () => { shown = shownAtOnce; render(); });
$("more").addEventListener("click", () => { shown += shownAtOnce; render(); });
$("confirm").addEventListener("cancel", (event) => { event.preventDefault(); answered(false); }); // Escape
$("confirm-cancel").addEventListener("click", () => answered(false));
$("confirm-delete").addEventListener("click", () => answered(true));

session = JSON.parse(sessionStorage.getItem("session"));
if (session) await enter();
else show(false);
