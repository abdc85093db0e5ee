// The scoreboard: search, filter, sort and permanent addresses. Without this script the whole table shows.
"use strict";

(() => {
  const start = () => {
    const board = document.querySelector(".bp-board");
    if (!board) return;
    const tools = board.querySelector(".bp-tools");
    const table = board.querySelector("table");
    // a claim is a body of its own: its row, and the row that opens
    const rows = [...table.tBodies];
    const verdicts = [...tools.elements.verdict.options].map((option) => option.value);
    const chapters = [...tools.elements.chapter.options].map((option) => option.value);
    const names = ["search", "chapter", "verdict", "origin", "scale", "sort"];
    const plain = { scale: "current", sort: "book" };

    const verdictOf = (row, scale) => row.dataset["verdict" + scale[0].toUpperCase() + scale.slice(1)] || "";

    const order = {
      book: (row) => rows.indexOf(row),
      verdict: (row, scale) => verdicts.indexOf(verdictOf(row, scale)),
      chapter: (row) => chapters.indexOf(row.dataset.chapter),
      n: (row, scale) => -Number(row.dataset["n" + scale[0].toUpperCase() + scale.slice(1)] || 0),
      kind: (row) => row.dataset.kind,
    };

    const apply = (remember) => {
      const wanted = Object.fromEntries(names.map((name) => [name, tools.elements[name].value]));
      const words = wanted.search.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const ofOrigin =
          !wanted.origin || (wanted.origin === "counted" ? row.dataset.counted === "true" : row.dataset.origin === wanted.origin);
        const keep =
          words.every((word) => text.includes(word)) &&
          (!wanted.chapter || row.dataset.chapter === wanted.chapter) &&
          (!wanted.verdict || verdictOf(row, wanted.scale) === wanted.verdict) &&
          ofOrigin;
        row.hidden = !keep;
        shown += keep;
      }
      const key = order[wanted.sort] || order.book;
      const keyed = rows.map((row, at) => [key(row, wanted.scale), at, row]);
      keyed.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]));
      table.append(...keyed.map((entry) => entry[2]));
      board.dataset.scale = wanted.scale;
      tools.querySelector("output").textContent = `${shown} of ${rows.length} claims`;
      if (remember) {
        const address = new URL(location.href);
        for (const name of names) {
          if (wanted[name] && wanted[name] !== plain[name]) address.searchParams.set(name, wanted[name]);
          else address.searchParams.delete(name);
        }
        history.replaceState(null, "", address);
      }
    };

    const openTarget = () => {
      const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (!row || !table.contains(row)) return;
      if (row.hidden) {
        tools.reset();
        apply(true);
      }
      const details = row.querySelector("details");
      if (details) details.open = true;
      row.scrollIntoView({ block: "center" });
    };

    for (const [name, value] of new URL(location.href).searchParams) {
      const field = names.includes(name) && tools.elements[name];
      if (field && (field.type === "search" || [...field.options].some((option) => option.value === value))) field.value = value;
    }
    tools.hidden = false;
    tools.addEventListener("input", () => apply(true));
    tools.addEventListener("reset", () => setTimeout(() => apply(true)));
    tools.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", openTarget);
    // on paper nothing can be opened
    window.addEventListener("beforeprint", () => table.querySelectorAll("details").forEach((one) => (one.open = true)));
    apply(false);
    openTarget();
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
