// Keeps a page alive: opens the stream that the page names, puts in what has changed, and says how
// fresh it is. Besides, times tick and the menu closes. Without this script everything works by
// reload.
"use strict";
(() => {
  /** Times as the server writes them: near ones as a distance, far ones as a date. */
  const words = (at, now) => {
    const seconds = Math.floor(Math.abs(at - now) / 1000);
    if (seconds < 60) return at > now ? "in a moment" : "just now";
    if (seconds >= 172800) return new Date(at).toISOString().slice(0, 10);
    const length = seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
    return at > now ? `in ${length}` : `${length} ago`;
  };
  const tick = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const at = Date.parse(time.dateTime);
      // A clock that is wrong here must not rewrite what the server says.
      if (Number.isNaN(at) || !/ago|now|^in /.test(time.textContent)) continue;
      const text = words(at, Date.now());
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(tick, 15000);

  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  /** What the reader has opened, moved or typed stays as he left it. */
  const KEPT = { DETAILS: ["open"], DIV: ["aria-valuenow", "aria-valuetext"] };

  /** Makes `old` say what `fresh` says, and touches nothing that says so already. */
  const become = (old, fresh) => {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    const kept = KEPT[old.nodeName] ?? [];
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !kept.includes(name)) old.removeAttribute(name);
    }
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value && !(kept.includes(name) && old.hasAttribute(name))) {
        old.setAttribute(name, value);
      }
    }
    const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
    after.forEach((node, place) => {
      if (place < before.length) become(before[place], node);
      else old.append(node);
    });
    for (const extra of before.slice(after.length)) extra.remove();
  };

  const parsed = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };

  const put = ({ id, html }) => {
    const [old, fresh] = [document.getElementById(id), parsed(html)];
    if (old && fresh) become(old, fresh);
  };

  /** True while the reader is in the middle of something there. */
  const isBusy = (place) =>
    place.contains(document.activeElement) ||
    place.querySelector("details[open]") !== null ||
    [...place.querySelectorAll("input:not([type=hidden]), select, textarea")].some((field) =>
      field.type === "radio" || field.type === "checkbox"
        ? field.checked !== field.defaultChecked
        : field.tagName === "SELECT"
          ? [...field.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected)
          : field.value !== field.defaultValue);

  /** Controls are of one revision: when there is another, they are fetched anew, or say so. */
  let fetching = false;
  const follow = async () => {
    const controls = document.getElementById("controls");
    const now = document.getElementById("state")?.dataset.flagRevision;
    if (!controls || !now || controls.dataset.revision === now || fetching) return;
    if (isBusy(controls)) {
      document.getElementById("changed").hidden = false;
      return;
    }
    fetching = true;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { accept: "text/html" } });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["controls", "card", "history"]) {
        const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
        if (old && fresh && !(id === "controls" && isBusy(old))) become(old, document.adoptNode(fresh));
      }
    } finally {
      fetching = false;
    }
  };

  // What is still being put together is asked for again.
  if (document.querySelector("[data-again]")) setTimeout(() => location.reload(), 1000);

  const place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) return;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  place.prepend(said);
  const say = (kind, text) => {
    if (said.textContent === text) return;
    said.className = `status ${kind}`;
    said.textContent = text;
  };
  let last = new Date();
  const clock = () => last.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

  say("calm", "connecting");
  const stream = new EventSource(place.dataset.live);
  stream.addEventListener("open", () => say("good", "live"));
  stream.addEventListener("parts", (event) => {
    last = new Date();
    say("good", "live");
    JSON.parse(event.data).parts.forEach(put);
    follow();
  });
  stream.addEventListener("error", () => {
    // A browser that is refused does not try again by itself.
    if (stream.readyState === EventSource.CLOSED) say("hot", `stale since ${clock()}: reload`);
    else say("warm", `reconnecting, stale since ${clock()}`);
  });
})();
