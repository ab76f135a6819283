// Copies what an administrator needs to find the request: its id, and when and
// where it was, without the query, which may hold what is nobody's business.
"use strict";
(() => {
  const button = document.querySelector("[data-copy]");
  const list = document.querySelector("[data-details]");
  if (!button || !list || !navigator.clipboard) return;
  const when = new Date().toISOString();
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = Array.from(list.querySelectorAll("div"), (row) =>
      row.querySelector("dt").textContent + ": " + row.querySelector("dd").textContent.trim());
    lines.push("Page: " + location.origin + location.pathname, "Time: " + when);
    try {
      await navigator.clipboard.writeText([document.title, ...lines].join("\n"));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: the browser refused";
    }
    setTimeout(() => { button.textContent = label; }, 3000);
  });
})();
