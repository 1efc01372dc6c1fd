// The live part of a session's page: an answer is judged as it is given. Without it, the button does the same.
"use strict";

const session = document.getElementById("session");
const said = document.getElementById("said");
let latest = 0;

const filled = (form) => new URLSearchParams([...new FormData(form)].filter(([name]) => /^[adw]\./.test(name))).toString();

async function judge(form) {
  const mine = ++latest;
  const sent = filled(form);
  const body = new FormData(form);
  body.set("do", "answer");
  session.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(location.href, { method: "POST", body, headers: { "X-Fragment": "session" } });
    const html = await response.text();
    if (mine !== latest) return;
    if (!response.ok) throw new Error(String(response.status));
    const now = document.getElementById("answers");
    if (filled(now) !== sent) return void judge(now); // something was typed meanwhile: it counts, and nothing typed is lost
    const focused = document.activeElement && document.activeElement.id;
    const open = new Set([...session.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent));
    session.classList.remove("stale");
    session.innerHTML = html; // rendered by the service with every text escaped
    for (const summary of session.querySelectorAll("details > summary")) if (open.has(summary.textContent)) summary.parentElement.open = true;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    const outcome = [...session.querySelectorAll("[data-said]")].map((verdict) => verdict.dataset.said).join(", ");
    said.textContent = outcome ? `Outcome: ${outcome}` : "";
  } catch (error) {
    if (mine !== latest) return;
    const ended = error.message === "403";
    const why = ended ? "this session has ended. Launch the app again from the EHR; your answers still stand here." : "the service did not answer. Use the button to judge again.";
    session.classList.add("stale"); // what the page says above and below is the outcome of before
    for (const place of session.querySelectorAll("#trouble, .so-far, .bar")) place.textContent = `Not judged: ${why}`;
    document.getElementById("trouble").hidden = false;
    said.textContent = `Not judged: ${why}`;
  } finally {
    if (mine === latest) session.removeAttribute("aria-busy");
  }
}

session?.addEventListener("change", (event) => {
  const form = event.target.closest("#answers");
  if (form) judge(form);
});
