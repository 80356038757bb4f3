// Reads a chart's values under the pointer, and with the arrow keys. Listens at the document, so
// that charts which come later are heard, too.
"use strict";
(() => {
  document.documentElement.classList.add("chart-script");

  const hits = (area) => area.querySelectorAll(".chart-hits rect");

  const hide = () => {
    for (const shown of document.querySelectorAll(".chart-reading, .chart-needle")) shown.remove();
  };

  const show = (area, number) => {
    const title = hits(area)[number]?.querySelector("title");
    const place = Number(area.dataset.places.split(" ")[number]);
    if (!title || Number.isNaN(place)) return "";
    hide();
    const needle = document.createElement("div");
    needle.className = "chart-needle";
    needle.style.left = `${place}%`;
    const reading = document.createElement("p");
    reading.className = "chart-reading";
    reading.setAttribute("aria-hidden", "true");
    reading.textContent = title.textContent;
    area.append(needle, reading);
    const room = area.clientWidth - reading.offsetWidth;
    const beside = (place / 100) * area.clientWidth + (place > 50 ? -reading.offsetWidth - 8 : 8);
    reading.style.left = `${Math.max(0, Math.min(room, beside))}px`;
    return title.textContent;
  };

  const walk = (cursor, number) => {
    const text = show(cursor.closest(".chart-area"), number);
    if (!text) return;
    cursor.setAttribute("aria-valuenow", String(number + 1));
    cursor.setAttribute("aria-valuetext", text);
  };

  const at = (cursor) => Number(cursor.getAttribute("aria-valuenow")) - 1;

  document.addEventListener("keydown", (event) => {
    const cursor = event.target.closest?.(".chart-cursor");
    if (!cursor || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = Number(cursor.getAttribute("aria-valuemax")) - 1;
    const steps = {
      ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1,
      PageDown: -10, PageUp: 10, Home: -last, End: last,
    };
    if (event.key === "Escape") hide();
    if (!Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    walk(cursor, Math.max(0, Math.min(last, at(cursor) + steps[event.key])));
  });

  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.(".chart-cursor")) walk(event.target, at(event.target));
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.(".chart-cursor")) hide();
  });

  document.addEventListener("pointerover", (event) => {
    const hit = event.target.closest?.(".chart-hits rect");
    if (hit) {
      const area = hit.closest(".chart-area");
      show(area, Array.from(hits(area)).indexOf(hit));
    } else if (!event.target.closest?.(".chart-area")) {
      hide();
    }
  });
})();
