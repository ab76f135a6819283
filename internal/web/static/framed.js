// Takes the frame's fragment along to the sign-in, and loads the frame again
// when the person comes back from it.
"use strict";
(() => {
  const link = document.querySelector("a[data-hash]");
  if (!link) return;
  if (location.hash.length > 1 && !link.hash) link.hash = location.hash;
  let left = false;
  link.addEventListener("click", () => { left = true; });
  document.addEventListener("visibilitychange", () => {
    if (left && document.visibilityState === "visible") location.reload();
  });
})();
