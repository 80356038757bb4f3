// Takes the secret of a link out of the address, where browsers keep it to themselves, and hands
// it to the form. Without this script the person pastes it.
"use strict";
(function () {
  const form = document.getElementById("link");
  const secret = window.location.hash.slice(1);
  if (!form || !secret) return;
  form.elements.secret.value = secret;
  window.history.replaceState(null, "", window.location.pathname);
  document.getElementById("by-hand").hidden = true;
  document.getElementById("by-link").hidden = false;
  // Looking at a link has no effect: what it does is asked on the next page.
  if (form.dataset.submit === "now") form.submit();
})();
