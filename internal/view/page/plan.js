"use strict";
{
  const box = document.getElementById("search");
  const changes = document.getElementById("changes");
  if (box && changes) {
    const q = document.getElementById("q");
    const found = document.getElementById("found");
    const plain = (text) => text.normalize("NFC").toLowerCase();
    // A unit's text is its own; whether it is shown depends on those below it too.
    const rows = Array.from(changes.querySelectorAll(".row"), (row) => ({
      row,
      text: plain((row.querySelector(":scope > .node") || row).textContent),
      context: row.classList.contains("context"),
    }));
    const sections = Array.from(changes.querySelectorAll("section"));
    const boxes = Array.from(box.querySelectorAll("[data-class]"));

    const filter = () => {
      const words = plain(q.value).split(/\s+/).filter(Boolean);
      const off = boxes.filter((b) => !b.checked).map((b) => b.dataset.class);
      const all = words.length === 0 && off.length === 0;
      let n = 0;
      for (const r of rows) {
        const match = !r.context && !off.some((c) => r.row.classList.contains(c)) && words.every((w) => r.text.includes(w));
        r.row.hidden = !(all || match);
        if (match) n++;
      }
      if (!all) {
        for (const r of rows) {
          if (r.row.hidden) continue;
          for (let up = r.row.parentElement.closest(".row"); up; up = up.parentElement.closest(".row")) up.hidden = false;
        }
      }
      for (const s of sections) s.hidden = !all && !s.querySelector(".row:not([hidden])");
      found.textContent = all ? "" : n + " of " + rows.filter((r) => !r.context).length;
    };
    q.addEventListener("input", filter);
    for (const b of boxes) b.addEventListener("change", filter);
    box.hidden = false;
    filter();
  }
}
