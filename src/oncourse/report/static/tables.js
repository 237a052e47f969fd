"use strict";
// Tables: drawn when opened; sort, filter, hide columns, page by page, download; from a row to its patients.
(function () {
  var o = oncourse, ROWS = 50, FEWEST = 20, CELLS = 800, LONG = 160, order = new Intl.Collator("en", { numeric: true });
  function shown(value) { return value === null || value === undefined ? "" : String(value); }
  // a number with four digits; a p value that the machine rounds to 0 is below what it can hold
  function figure(value, name) {
    if (typeof value !== "number" || Number.isInteger(value) && !(value === 0 && /(^|_)[pq](_value)?$/.test(name))) return shown(value);
    return value === 0 ? "<1e-300" : String(Number(value.toPrecision(4)));
  }
  // the place of each row in the order of a column, equal values alike; -1: no value, which stands last either way
  function ranks(rows, i) {
    var values = Array.from(new Set(rows.map(function (r) { return r[i]; })));
    values = values.filter(function (v) { return v !== null && v !== undefined; });
    if (values.every(function (v) { return typeof v === "number"; })) values.sort(function (a, b) { return a - b; });
    else values = values.map(function (v) { return [v, String(v)]; })
      .sort(function (a, b) { return order.compare(a[1], b[1]); }).map(function (pair) { return pair[0]; });
    var place = new Map(values.map(function (v, k) { return [v, k]; }));
    return Int32Array.from(rows, function (r) { var at = place.get(r[i]); return at === undefined ? -1 : at; });
  }
  function tsv(data, rows) {
    var lines = [data.columns.map(function (c) { return c[0]; }).join("\t")];
    rows.forEach(function (r) { lines.push(r.map(function (v) {
      var text = shown(v).replace(/[\t\r\n]+/g, " ");
      return /^([=@]|[+-][^\d\s.,])/.test(text) ? "'" + text : text;
    }).join("\t")); });
    return lines.join("\n") + "\n";
  }
  // the patients behind a row of counts: rows of a table of patients with the same values
  function behind(data, row, index) {
    var by = data.behind || {};
    if (by.listed) {
      var listed = data.columns.findIndex(function (c) { return c[0] === by.listed; });
      return Promise.resolve(shown(row[listed]).split(";").filter(Boolean));
    }
    if (by.table) return tied(data, by, row).then(function (ids) { return ids.length ? ids : asked(data, by, row, index); });
    return asked(data, by, row, index);
  }
  // a gene has its patients; other rows answer a question, whose patients count, or are the section's
  function asked(data, by, row, index) {
    var at = data.columns.findIndex(function (c) { return c[0] === "gene"; }), places = at >= 0 && index.genes[row[at]];
    if (places) return Promise.resolve(places.map(function (i) { return index.patients[i]; }));
    return by.who ? o.counted(by.who, by.questions[data.rows.indexOf(row)]) : Promise.resolve([]);
  }
  function tied(data, by, row) {
    return o.table(by.table).then(function (other) {
      var names = other.columns.map(function (c) { return c[0]; }), who = names.indexOf("patient_id");
      var mine = data.columns.map(function (c) { return c[0]; });
      var ids = other.rows.filter(function (r) {
        return by.on.every(function (k) { return shown(r[names.indexOf(k)]) === shown(row[mine.indexOf(k)]); });
      }).map(function (r) { return r[who]; });
      return Array.from(new Set(ids)).sort();
    });
  }
  function enliven(box, data, index) {
    var names = data.columns.map(function (c) { return c[0]; });
    // a wide table shows fewer rows at a time: what a click costs is the layout of its cells
    var PAGE = Math.max(FEWEST, Math.min(ROWS, Math.floor(CELLS / names.length)));
    var heads = data.columns.map(function (c) { return c[2] || c[0].replace(/_/g, " "); });
    var who = names.indexOf("patient_id"), gene = names.indexOf("gene");
    var linked = who < 0 && (data.behind || gene >= 0);
    var state = { sort: -1, down: false, filter: "", page: 0, hidden: {} };
    var controls = o.element("div", { "class": "controls" });
    var input = o.element("input", { type: "search", placeholder: o.word("filter"), "aria-label": o.word("filter") + ": " + data.name });
    var before = o.element("button", { type: "button" }, o.word("previous")), after = o.element("button", { type: "button" }, o.word("next"));
    var count = o.element("span", { "aria-live": "polite" });
    var columns = o.element("details"), choice = o.element("fieldset");
    columns.appendChild(o.element("summary", {}, o.word("columns")));
    columns.appendChild(choice);
    var asTsv = o.element("button", { type: "button" }, "TSV"), asXlsx = o.element("button", { type: "button" }, "XLSX");
    [input, columns, asTsv, asXlsx, before, after, count].forEach(function (e) { controls.appendChild(e); });
    var scroll = o.element("div", { "class": "scroll tall", tabindex: "0", role: "region", "aria-label": data.name });
    var table = o.element("table"), head = o.element("thead"), body = o.element("tbody"), headRow = o.element("tr");
    head.appendChild(headRow); table.appendChild(head); table.appendChild(body); scroll.appendChild(table);
    var texts = null, orders = {};
    // each word somewhere in the row: "MSI-H positive" are two columns
    function filtered() {
      var words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
      var all = Array.from(data.rows.keys());
      if (!words.length) return all;
      if (!texts) texts = data.rows.map(function (r) { return r.map(shown).join("\n").toLowerCase(); });
      return all.filter(function (k) { return words.every(function (word) { return texts[k].indexOf(word) >= 0; }); });
    }
    function kept() {
      var at = filtered(), i = state.sort, sign = state.down ? -1 : 1;
      if (i >= 0) {
        var rank = orders[i] || (orders[i] = ranks(data.rows, i));
        at.sort(function (a, b) {
          return rank[a] === rank[b] ? a - b : rank[a] < 0 ? 1 : rank[b] < 0 ? -1 : sign * (rank[a] - rank[b]);
        });
      }
      return at.map(function (k) { return data.rows[k]; });
    }
    function cell(row, i) {
      var value = row[i], td = o.element("td", { "data-head": heads[i] });
      if (typeof value === "number") td.className = "num";
      if (i === who && value) td.appendChild(o.person(value, index.has));
      else if (linked && (i === gene || (gene < 0 && i === 0))) {
        var button = o.element("button", { type: "button", title: o.word("behind") }, shown(value) || o.word("patients"));
        button.addEventListener("click", function () {
          behind(data, row, index).then(function (ids) { o.people(data.name + ": " + shown(value), ids); });
        });
        td.appendChild(button);
      } else if (typeof value === "string" && value.length > LONG) {
        td.appendChild(o.element("div", { "class": "long", tabindex: "0", role: "group", "aria-label": heads[i] }, value.replace(/;(?=\S)/g, "; ")));
      } else td.textContent = figure(value, names[i]);
      return td;
    }
    function draw() {
      var rows = kept(), pages = Math.max(1, Math.ceil(rows.length / PAGE));
      state.page = Math.min(state.page, pages - 1);
      body.textContent = "";
      rows.slice(state.page * PAGE, (state.page + 1) * PAGE).forEach(function (row) {
        var tr = o.element("tr");
        row.forEach(function (_, i) { if (!state.hidden[i]) tr.appendChild(cell(row, i)); });
        body.appendChild(tr);
      });
      o.all("th", headRow).forEach(function (th) { th.hidden = !!state.hidden[th.dataset.at]; });
      count.textContent = o.word("rows", { n: rows.length.toLocaleString("en") }) + (pages > 1 ? ", " + o.word("page", { k: state.page + 1, n: pages }) : "");
      before.disabled = state.page === 0; after.disabled = state.page >= pages - 1;
      before.hidden = after.hidden = pages === 1;
    }
    data.columns.forEach(function (column, i) {
      var th = o.element("th", { scope: "col", "data-at": i }), button = o.element("button", { type: "button", title: column[1] }, heads[i]);
      th.appendChild(button); headRow.appendChild(th);
      button.addEventListener("click", function () {
        state.down = state.sort === i ? !state.down : false; state.sort = i; state.page = 0;
        o.all("th", headRow).forEach(function (h) { h.removeAttribute("aria-sort"); });
        th.setAttribute("aria-sort", state.down ? "descending" : "ascending"); draw();
      });
      var label = o.element("label"), tick = o.element("input", { type: "checkbox" });
      tick.checked = true;
      tick.addEventListener("change", function () { state.hidden[i] = !tick.checked; draw(); });
      label.appendChild(tick); label.appendChild(document.createTextNode(" " + heads[i]));
      if (column[1]) label.appendChild(o.element("small", {}, column[1])); // what it means, also without a pointer
      choice.appendChild(label);
    });
    var file = data.name.replace(/\//g, "-");
    asTsv.addEventListener("click", function () { o.save(file + ".tsv", new Blob([tsv(data, kept())], { type: "text/tab-separated-values" })); });
    asXlsx.addEventListener("click", function () { o.save(file + ".xlsx", o.workbook(names, kept())); });
    input.addEventListener("input", function () { state.filter = input.value; state.page = 0; draw(); });
    before.addEventListener("click", function () { state.page--; draw(); });
    after.addEventListener("click", function () { state.page++; draw(); });
    box.appendChild(controls); box.appendChild(scroll);
    box.filterRows = function (text) { input.value = text; state.filter = text; state.page = 0; draw(); };
    draw();
  }
  o.openTable = function (box) {
    if (!box.live) box.live = Promise.all([o.table(box.dataset.table), o.index()]).then(function (found) { enliven(box, found[0], found[1]); });
    return box.live;
  };
  o.all("details[data-table]").forEach(function (box) {
    box.addEventListener("toggle", function () { if (box.open) o.openTable(box); });
    if (box.open) o.openTable(box);
  });
})();
