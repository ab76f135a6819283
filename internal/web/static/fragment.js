// Posts the fragment of the address, which servers never see, as it is, and takes it
// out of the address and the history.
"use strict";
(() => {
  const form = document.querySelector("form[data-fragment]");
  if (!form) return;
  const status = document.querySelector("[data-going]");
  const fragment = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (fragment === "") {
    status.textContent = "There is no answer of an identity provider here. Start at the application that you want to use.";
    return;
  }
  form.elements.namedItem("fragment").value = fragment;
  status.textContent = "Taking you there…";
  form.submit();
})();
