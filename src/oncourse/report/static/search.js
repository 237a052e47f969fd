"use strict";
// Search over patients and genes: a patient leads to the page, a gene to its rows and to its patients.
(function () {
  var o = oncourse, input = document.getElementById("q"), list = document.getElementById("found");
  if (!input) return;
  var hits = [], at = -1;
  function show(results) {
    hits = results; at = -1; list.textContent = "";
    hits.forEach(function (hit, i) {
      var item = o.element("li", { role: "option", id: "found-" + i, "aria-selected": "false" }, hit.text);
      item.appendChild(o.element("small", {}, hit.more));
      item.addEventListener("mousedown", function (event) { event.preventDefault(); go(hit); });
      list.appendChild(item);
    });
    list.hidden = hits.length === 0;
    input.setAttribute("aria-expanded", String(hits.length > 0));
  }
  function mark(i) {
    at = (i + hits.length) % hits.length;
    o.all("li", list).forEach(function (item, k) { item.setAttribute("aria-selected", String(k === at)); });
    input.setAttribute("aria-activedescendant", "found-" + at);
  }
  function go(hit) { show([]); hit.go(); }
  function find(text, data) {
    var needle = text.toLowerCase(), found = [];
    if (!needle) return found;
    Object.keys(data.genes).forEach(function (gene) {
      if (gene.toLowerCase().indexOf(needle) !== 0) return;
      var ids = data.genes[gene].map(function (i) { return data.patients[i]; });
      found.push({ text: gene, more: o.word("altered_in", { n: ids.length }), go: function () { o.people(gene + ": " + o.word("altered_in", { n: ids.length }), ids); rows(gene); } });
    });
    data.patients.forEach(function (p) {
      if (p.toLowerCase().indexOf(needle) < 0) return;
      found.push({ text: p, more: o.word(data.has[p] ? "page_of" : "rows_of"),
        go: function () { if (data.has[p]) location.href = o.pageOf(data.has[p]); else rows(p); } });
    });
    return found.slice(0, 12);
  }
  // open the first table that has rows of it
  function rows(text) {
    var boxes = o.all("details[data-table]");
    (function next(i) {
      if (i >= boxes.length) return;
      o.table(boxes[i].dataset.table).then(function (data) {
        var has = data.rows.some(function (r) { return r.indexOf(text) >= 0; });
        if (!has) return next(i + 1);
        for (var up = boxes[i]; up; up = up.parentNode) if (up.tagName === "DETAILS") up.open = true;
        o.openTable(boxes[i]).then(function () { boxes[i].filterRows(text); boxes[i].scrollIntoView({ block: "start" }); });
      });
    })(0);
  }
  input.addEventListener("input", function () { o.index().then(function (data) { show(find(input.value.trim(), data)); }); });
  input.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown" && hits.length) { event.preventDefault(); mark(at + 1); }
    else if (event.key === "ArrowUp" && hits.length) { event.preventDefault(); mark(at - 1); }
    else if (event.key === "Enter" && hits.length) { event.preventDefault(); go(hits[Math.max(at, 0)]); }
    else if (event.key === "Escape") show([]);
  });
  input.addEventListener("blur", function () { setTimeout(function () { show([]); }, 100); });
})();
