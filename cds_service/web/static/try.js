// The live part of the playground: a change of the form answers at once. Without it, the buttons do the same.
"use strict";

const answer = document.getElementById("answer");
const status = document.getElementById("said");
let latest = 0;

async function show(form) {
  const mine = ++latest;
  answer.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Fragment": "answer" } });
    const html = await response.text();
    if (mine !== latest) return;
    if (!response.headers.get("Content-Type").startsWith("text/html")) throw new Error(String(response.status));
    const open = new Set([...answer.querySelectorAll("details:not(.finding details)[open] > summary")].map((summary) => summary.textContent));
    answer.innerHTML = html; // rendered by the service with every text escaped
    for (const summary of answer.querySelectorAll("details > summary")) if (open.has(summary.textContent)) summary.parentElement.open = true;
    ready();
  } catch {
    if (mine === latest) answer.textContent = "The service did not answer. Is it still running?";
  } finally {
    if (mine === latest) answer.removeAttribute("aria-busy");
  }
}

function ready() {
  const wrong = new Set([...answer.querySelectorAll("[data-slip]")].map((slip) => slip.dataset.slip));
  for (const field of document.querySelectorAll("#chart [id]")) field.toggleAttribute("aria-invalid", wrong.has(field.id));
  for (const field of document.querySelectorAll("#chart [aria-invalid]")) field.setAttribute("aria-invalid", "true");
  const asked = new Set([...answer.querySelectorAll("[data-asks]")].flatMap((verdict) => verdict.dataset.asks.split(" ")));
  for (const row of document.querySelectorAll("#chart [data-fact]")) {
    const before = row.classList.contains("asked");
    if (row.classList.toggle("asked", asked.has(row.dataset.fact)) && !before) row.closest("details").open = true;
  }
  const said = [...answer.querySelectorAll("[data-said]")].map((verdict) => verdict.dataset.said).join(", ");
  if (status && said) status.textContent = `Outcome: ${said}`;
  for (const button of answer.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      document.getElementById("copied").textContent = "Copied.";
    });
  }
}

const chart = document.getElementById("chart");
if (chart) {
  let waiting;
  chart.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => show(chart), 120); });
  chart.addEventListener("submit", (event) => {
    if (event.submitter && (event.submitter.name || event.submitter.className === "link")) return;
    event.preventDefault();
    clearTimeout(waiting);
    show(chart);
  });
}
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => {
    if (select.name !== "example") select.form.elements.example.value = "";
    if (select.name === "policy" && select.form.elements.version) select.form.elements.version.disabled = true;
    select.form.submit();
  });
}
const text = document.getElementById("request");
if (text) {
  for (const kind of ["dragover", "drop"]) text.addEventListener(kind, (event) => event.preventDefault());
  text.addEventListener("drop", async (event) => {
    const [file] = event.dataTransfer.files;
    if (file) text.value = await file.text();
  });
}
ready();
