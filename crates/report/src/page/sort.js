// A click on a head sorts its table: numbers as numbers, unknown cells last, a second click the other way round.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const value = (row, column) => row.cells[column].textContent.trim().replaceAll("−", "-");
  const number = (text) => {
    const found = parseFloat(text.replace(/^<\s*/, ""));
    return Number.isNaN(found) ? null : found;
  };
  table.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th");
    if (!head) return;
    const column = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
    const numeric = head.classList.contains("number");
    const body = table.tBodies[0];
    const compare = (a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (!numeric) return x.localeCompare(y, undefined, { numeric: true });
      const [i, j] = [number(x), number(y)];
      if (i === null || j === null) return (i === null) - (j === null) && (down ? -1 : 1) * ((i === null) - (j === null));
      return i - j;
    };
    const rows = [...body.rows].sort((a, b) => (down ? -1 : 1) * compare(a, b));
    for (const other of table.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
  });
}
