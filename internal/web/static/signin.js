// Takes the fragment of the address along, which servers never see, and goes on
// with the only way to sign in. Without this script the page is a button.
"use strict";
(() => {
  const form = document.querySelector("form[data-signin]");
  if (!form) return;
  const next = form.elements.namedItem("next");
  if (location.hash.length > 1 && !next.value.includes("#")) next.value += location.hash;

  const status = document.querySelector("[data-going]");
  const goOn = () => {
    const fields = Array.from(form.elements).filter((field) => field.type === "hidden");
    const query = fields.map((field) => encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value));
    status.textContent = "Taking you there…";
    // replace: "back" must lead to where the person came from, not to here.
    location.replace(form.getAttribute("action") + "?" + query.join("&"));
  };

  // Somebody who came back by "back" wants to stay: they get the button.
  addEventListener("pageshow", (event) => {
    if (event.persisted) status.textContent = "";
  });
  const [visit] = performance.getEntriesByType("navigation");
  if (!form.hasAttribute("data-auto") || (visit && visit.type === "back_forward")) return;
  // A page that is only rendered ahead starts nothing until it is looked at.
  if (document.prerendering) document.addEventListener("prerenderingchange", goOn, { once: true });
  else goOn();
})();
