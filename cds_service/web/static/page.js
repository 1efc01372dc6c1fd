// The policy page and the decision page: expand all, open what a link leads to, and a table of contents that follows.
"use strict";

const folded = () => [...document.querySelectorAll("main details:not(.toc details)")];
for (const button of document.querySelectorAll("[data-expand]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const open = folded().some((one) => !one.open && !one.matches(".how"));
    for (const one of folded()) if (!one.matches(".how") || !open) one.open = open;
    button.textContent = open ? "Fold all" : "Expand all";
  });
}
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
const contents = document.querySelector(".toc details");
if (contents) {
  contents.open = matchMedia("(min-width: 60.01rem)").matches;
  contents.addEventListener("click", (event) => { if (event.target.closest("a") && !matchMedia("(min-width: 60.01rem)").matches) contents.open = false; });
}
const seen = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) entry.isIntersecting ? seen.add(entry.target.id) : seen.delete(entry.target.id);
  const first = [...links.keys()].find((id) => seen.has(id));
  for (const [id, link] of links) id === first ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
}, { rootMargin: "-10% 0px -60% 0px" });
for (const section of document.querySelectorAll(".sections > section[id]")) watch.observe(section);
