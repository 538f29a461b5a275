"use strict";
// The page works without this script. With it, rows follow while one types, the log
// and the notices stay up to date, and the org chart folds as a whole.
(() => {
  const results = document.getElementById("results");
  const tools = document.querySelector("form.tools");
  const said = document.querySelector(".said");
  let asking = null;
  let shown = "";

  // load shows what a query leads to, in the place of what is shown.
  async function load(query) {
    asking?.abort();
    const own = asking = new AbortController();
    query.set("part", "results");
    try {
      const answer = await fetch("?" + query, { signal: own.signal });
      if (!answer.ok) throw new Error(answer.status);
      const text = await answer.text();
      if (own.signal.aborted) return;
      if (shown !== text) results.innerHTML = shown = text;
      said.textContent = "";
    } catch (problem) {
      if (problem.name !== "AbortError") said.textContent = "샌드박스가 답하지 않습니다.";
    }
  }

  function typed() {
    const query = new URLSearchParams(new FormData(tools));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    history.replaceState(null, "", "?" + query);
    load(query);
  }
  let later = 0;
  tools.addEventListener("input", (event) => {
    clearTimeout(later);
    later = setTimeout(typed, event.target.type === "search" ? 150 : 0);
  });
  tools.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(later);
    typed();
  });

  for (const button of document.querySelectorAll("[data-fold]"))
    button.addEventListener("click", () => {
      for (const fold of results.querySelectorAll("details")) fold.open = button.dataset.fold === "open";
    });

  const pause = document.querySelector("[data-pause]");
  let paused = false;
  pause?.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", paused);
    pause.textContent = paused ? "계속" : "일시 정지";
  });
  async function live() {
    const reading = !getSelection().isCollapsed; // somebody marks a row
    if (!paused && !document.hidden && !reading) await load(new URLSearchParams(location.search));
    setTimeout(live, 1000);
  }
  if (results.hasAttribute("data-live")) setTimeout(live, 1000);

  // Paper cannot be unfolded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...results.querySelectorAll("details:not([open])")];
    for (const unit of folded) unit.open = true;
  });
  addEventListener("afterprint", () => {
    for (const unit of folded) unit.open = false;
  });
})();
