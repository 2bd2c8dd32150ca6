"use strict";
// Everything here is a convenience: without it the page shows the same, unsorted, with long parts folded.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  function make(tag, className, words) {
    const node = document.createElement(tag);
    node.className = className;
    node.textContent = words;
    if (tag === "button") node.type = "button";
    return node;
  }

  // "0.61 (0.50 to 0.70)", "1,234", "p < 0.001", "80%": the first number counts
  function readNumber(words) {
    const found = words.replace(/,(?=\d{3})/g, "").replace(/\u2212/g, "-").match(/[-+]?\d*\.?\d+/);
    return found ? Number(found[0]) : NaN;
  }

  // What has no value (a dash) stays below, whichever way the rest is sorted.
  function sortRows(table, column, direction, isNumber, original) {
    const known = [], unknown = [];
    for (const row of original) {
      const words = row.cells[column].textContent.trim();
      const key = isNumber ? readNumber(words) : words;
      (words === "–" || words === "" || Number.isNaN(key) ? unknown : known).push([key, row]);
    }
    const compare = isNumber ? (a, b) => a - b : new Intl.Collator("en", { numeric: true }).compare;
    const sign = direction === "descending" ? -1 : 1;
    known.sort((a, b) => sign * compare(a[0], b[0]));
    const rows = direction === "none" ? original : [...known, ...unknown].map((pair) => pair[1]);
    table.tBodies[0].append(...rows);
  }

  function makeSortable(table) {
    const original = [...table.tBodies[0].rows];
    if (original.length < 3 || "fixed" in table.dataset) return;
    const heads = all("thead th", table);
    const next = { none: "ascending", ascending: "descending", descending: "none" };
    for (const head of heads) {
      const button = make("button", "sort", "");
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const direction = next[head.getAttribute("aria-sort")];
        for (const other of heads) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", direction);
        sortRows(table, head.cellIndex, direction, head.classList.contains("number"), original);
      });
    }
  }

  function makeFilter(table) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length <= 12) return;
    const bar = make("p", "filter", "");
    const label = make("label", "", "Filter rows ");
    const field = make("input", "", "");
    field.type = "search";
    const told = make("span", "", "");
    told.setAttribute("role", "status");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const content = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => content.includes(word));
        shown += !row.hidden;
      }
      told.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
    });
    label.append(field);
    bar.append(label, " ", told);
    table.closest(".box").before(bar);
  }

  function offerDownload(figure) {
    const drawing = figure.querySelector("svg");
    if (!drawing) return;
    const button = make("button", "download", "Download SVG");
    const name = figure.dataset.name || "figure";
    button.setAttribute("aria-label", `Download SVG: ${name}`);
    button.addEventListener("click", () => {
      const copy = drawing.cloneNode(true);
      copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      const link = make("a", "", "");
      link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
      link.download = `${document.title} ${name}`.replace(/[^\p{L}\p{N}.-]+/gu, "-") + ".svg";
      link.click();
      URL.revokeObjectURL(link.href);
    });
    figure.append(button);
  }

  // Only what scrolls needs to be reached by the keyboard.
  function markScrollable() {
    const boxes = all(".box").map((box) => [box, box.scrollWidth > box.clientWidth]);
    for (const [box, scrolls] of boxes) scrolls ? (box.tabIndex = 0) : box.removeAttribute("tabindex");
  }

  function unfoldTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    if (target) target.scrollIntoView();
  }

  function offerPrint(patient) {
    const button = make("button", "print", "Print this patient's page");
    button.addEventListener("click", () => {
      document.body.classList.add("one-patient");
      patient.classList.add("printed");
      const restore = () => {
        document.body.classList.remove("one-patient");
        patient.classList.remove("printed");
      };
      window.addEventListener("afterprint", restore, { once: true }); // not every browser waits in print()
      window.print();
    });
    patient.querySelector("summary").after(button);
  }

  // Paper cannot be unfolded.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const part of folded) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });

  all("table").filter((table) => table.tHead && table.tBodies.length).forEach((table) => {
    makeSortable(table);
    makeFilter(table);
  });
  all("figure").forEach(offerDownload);
  all(".patient").forEach(offerPrint);
  markScrollable();
  window.addEventListener("resize", markScrollable);
  document.addEventListener("toggle", markScrollable, true);
  window.addEventListener("hashchange", unfoldTarget);
  if (location.hash) unfoldTarget();
})();
