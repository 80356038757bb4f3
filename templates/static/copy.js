// Copies what stands beside a button. Without this script the button is not there, and the text is
// copied as any other.
"use strict";
(() => {
  /** Chooses all of it, so that the keyboard's own copy takes it. */
  const select = (source) => {
    if (source.select) {
      source.focus();
      source.select();
    } else {
      window.getSelection().selectAllChildren(source);
    }
  };

  const copy = async (source, said) => {
    const text = source.value ?? source.textContent;
    try {
      // Browsers have it only where the page came safely.
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      select(source);
      said.textContent = "It is selected: copy it with Ctrl+C or ⌘C.";
    }
  };

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    said.className = "quiet";
    button.after(said);
    button.hidden = false;
    button.addEventListener("click", () => copy(source, said));
  }
})();
