"use strict";
// Tables: sort by a column, filter by text, page by page. The rows are JSON beside each table.
(function () {
  var PAGE = 50;
  function shown(value) { return value === null || value === undefined ? "" : String(value); }
  function compare(a, b) {
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
    if (b === null || b === undefined) return -1;
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }
  function element(name, text) { var e = document.createElement(name); if (text !== undefined) e.textContent = text; return e; }
  function enliven(table) {
    var rows = JSON.parse(document.getElementById(table.dataset.table).textContent);
    var body = table.tBodies[0], heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    var state = { sort: -1, down: false, filter: "", page: 0 };
    var controls = element("div"); controls.className = "controls";
    var input = element("input"); input.type = "search"; input.placeholder = "filter rows";
    input.setAttribute("aria-label", "filter rows");
    var before = element("button", "previous"), after = element("button", "next"), count = element("span");
    count.setAttribute("aria-live", "polite");
    before.type = after.type = "button";
    [input, before, after, count].forEach(function (e) { controls.appendChild(e); });
    table.parentNode.parentNode.insertBefore(controls, table.parentNode);
    function draw() {
      var needle = state.filter.toLowerCase();
      var kept = needle ? rows.filter(function (r) { return r.some(function (v) { return shown(v).toLowerCase().indexOf(needle) >= 0; }); }) : rows.slice();
      if (state.sort >= 0) kept.sort(function (a, b) { var c = compare(a[state.sort], b[state.sort]); return state.down ? -c : c; });
      var pages = Math.max(1, Math.ceil(kept.length / PAGE));
      state.page = Math.min(state.page, pages - 1);
      body.textContent = "";
      kept.slice(state.page * PAGE, (state.page + 1) * PAGE).forEach(function (r) {
        var tr = element("tr");
        r.forEach(function (v) { var td = element("td", shown(v)); if (typeof v === "number") td.className = "num"; tr.appendChild(td); });
        body.appendChild(tr);
      });
      count.textContent = kept.length.toLocaleString("en") + " rows" + (pages > 1 ? ", page " + (state.page + 1) + " of " + pages : "");
      before.disabled = state.page === 0; after.disabled = state.page >= pages - 1;
      before.hidden = after.hidden = pages === 1;
    }
    heads.forEach(function (th, i) {
      var button = element("button", th.textContent); button.type = "button"; button.title = th.title;
      th.textContent = ""; th.appendChild(button);
      button.addEventListener("click", function () {
        state.down = state.sort === i ? !state.down : false; state.sort = i; state.page = 0;
        heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
        th.setAttribute("aria-sort", state.down ? "descending" : "ascending"); draw();
      });
    });
    input.addEventListener("input", function () { state.filter = input.value; state.page = 0; draw(); });
    before.addEventListener("click", function () { state.page--; draw(); });
    after.addEventListener("click", function () { state.page++; draw(); });
    draw();
  }
  Array.prototype.forEach.call(document.querySelectorAll("details.table"), function (box) {
    function once() {
      if (!box.open || box.dataset.live) return;
      box.dataset.live = "1";
      Array.prototype.forEach.call(box.querySelectorAll("table[data-table]"), enliven);
    }
    box.addEventListener("toggle", once); once();
  });
})();
