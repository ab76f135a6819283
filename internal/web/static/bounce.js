// Sends the form of the page on. Without this script the page is a button.
"use strict";
(() => {
  const form = document.querySelector("form[data-bounce]");
  if (!form) return;
  const [visit] = performance.getEntriesByType("navigation");
  if (visit && visit.type === "back_forward") return; // "back" is no sign-in
  document.querySelector("[data-going]").textContent = "Taking you there…";
  form.submit();
})();
