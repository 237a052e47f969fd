"use strict";
// Search: a patient leads to the page, a gene to its patients and rows; any word to where the page says it.
(function () {
  var o = oncourse, input = document.getElementById("q"), list = document.getElementById("found");
  if (!input) return;
  var hits = [], at = -1, said = null, MOST = 18, EACH = 4;
  function show(results) {
    hits = results; at = -1; list.textContent = "";
    hits.forEach(function (hit, i) {
      var item = o.element("li", { role: "option", id: "found-" + i, "aria-selected": "false" }, hit.text);
      item.appendChild(o.element("small", {}, hit.more));
      item.addEventListener("mousedown", function (event) { event.preventDefault(); go(hit); });
      list.appendChild(item);
    });
    list.hidden = hits.length === 0;
    // beside narrow contents the list is wider than they are: it lies over the page, under its box
    list.style.top = getComputedStyle(list).position === "fixed" ? input.getBoundingClientRect().bottom + "px" : "";
    input.setAttribute("aria-expanded", String(hits.length > 0));
  }
  function mark(i) {
    at = (i + hits.length) % hits.length;
    o.all("li", list).forEach(function (item, k) {
      item.setAttribute("aria-selected", String(k === at));
      if (k === at) item.scrollIntoView({ block: "nearest" });
    });
    input.setAttribute("aria-activedescendant", "found-" + at);
  }
  function go(hit) { show([]); hit.go(); }
  // words that mean the same to a reader: like_recurrence = "relapse, recurrence, recurred"
  var like = {};
  Object.keys(o.words).forEach(function (key) { if (key.indexOf("like_") === 0) o.words[key].split(", ").forEach(function (w, _, alike) { like[w] = alike; }); });
  // whether each word, or one like it (own: none), begins a word of the text, or is one ("AR" in no "are"); Chinese has no such ends
  function says(text, words, whole, own) {
    return words.every(function (word) {
      return [word].concat(!own && like[word] || []).some(function (w) {
        for (var i = text.indexOf(w); i >= 0; i = text.indexOf(w, i + 1))
          if (/[^\x00-\x7f]/.test(w) || !/[a-z0-9]/.test(text.charAt(i - 1)) && (w.length > 2 && !whole || !/^[a-z0-9]/.test(text.slice(i + w.length).replace(/^s(?![a-z0-9])/, "")))) return true;
        return false;
      });
    });
  }
  // "c-index" is "c index"; a word that others are like is whole ("mix-up")
  function wordsOf(needle) {
    return [].concat.apply([], needle.split(/\s+/).map(function (word) { return like[word] ? [word] : word.split("-").filter(Boolean); }));
  }
  function plain(node) { return node.textContent.replace(/\s+/g, " ").trim(); }
  // what the page says, once: words explained, sections, tables by name and by column, figures, sentences
  function places() {
    if (said) return said;
    said = [];
    function add(kind, text, more, node, hay, act) {
      said.push({ kind: kind, text: text, more: more, hay: (hay || text).toLowerCase(), go: act || function () { o.reveal(node); } });
    }
    o.all(".glossary div").forEach(function (d) {
      var term = plain(d.querySelector("dt")), words = plain(d.querySelector("dd"));
      var act = function () { o.dialog(term, function (box) { box.appendChild(o.element("p", {}, words)); }); };
      add("term", term, words, d, term, act);
      add("meaning", term, words, d, words, act);
    });
    o.all("main section[id]").forEach(function (section) {
      var head = section.querySelector("h2, h3"), title = head ? plain(head.firstChild || head) : "", ask = section.querySelector(".question");
      if (!title) return;
      add("section", title, ask ? plain(ask) : o.word("kind_section"), section, title + " " + (ask ? plain(ask) : ""));
      o.all("details[data-table]", section).forEach(function (box) {
        var name = plain(box.querySelector("summary").firstChild), about = plain(box.querySelector(".about"));
        var open = function () { o.openTable(box).then(function () { o.reveal(box); }); };
        add("table", title + ": " + name, about, box, title + " " + name + " " + about, open);
        add("column", title + ": " + name, "", box, box.dataset.columns, function (words) { o.openTable(box).then(function () { o.reveal(box); atColumn(box, words); }); });
      });
      o.all("figure[data-figure]", section).forEach(function (f) {
        add("figure", plain(f.querySelector("figcaption b")), plain(f.querySelector("figcaption")), f, plain(f.querySelector("figcaption")));
      });
      o.all(".headline, .say p, p.answer, ul.answer li", section).forEach(function (block) { add("answer", title, plain(block), block, plain(block)); });
      o.all(".limits li, .who li, .flow li, .two ul li, #unasked li, p.empties, p.read", section).forEach(function (block) { add("text", title, plain(block), block, plain(block)); });
    });
    o.all("#data details.who > summary").forEach(function (s) { add("section", plain(s), "", s.parentNode); });
    o.all("footer p").forEach(function (p) { add("text", o.word("kind_foot"), plain(p), p, plain(p)); });
    return said;
  }
  // bring a column into sight that its words name
  function atColumn(box, words) {
    var head = o.all("th", box).find(function (th) { return says(plain(th).toLowerCase(), words.slice(0, 1)); });
    if (head) head.closest(".scroll").scrollLeft = head.offsetLeft - 160;
  }
  // the part of a long text around its first hit
  function around(text, word) {
    var i = Math.max(0, text.toLowerCase().indexOf(word));
    return text.length <= 160 ? text : (i > 60 ? "\u2026" : "") + text.slice(Math.max(0, i - 60), i + 100) + "\u2026";
  }
  function found(needle) {
    var words = wordsOf(needle), count = {}, seen = {}, kinds = ["term", "section", "answer", "table", "figure", "column", "meaning", "text"], out = [];
    // what is named by the word itself comes first; then what says it in whole words before what begins so, its name before its text
    function rank(place) {
      var name = place.text.toLowerCase();
      if (says(name, words, true, true)) return 0;
      return says(name, words, true) ? 2 : says(place.hay, words, true) ? 3 : says(name, words) ? 4 : 5;
    }
    kinds.forEach(function (kind) {
      var mine = places().filter(function (place) { return place.kind === kind && says(place.hay, words); });
      if (kind !== "column") mine.sort(function (a, b) { return rank(a) - rank(b); });
      mine.forEach(function (place) {
        if ((count[kind] || 0) >= EACH) return;
        if (kind === "column" && seen[place.text]) return;
        if (kind === "table") seen[place.text] = true;
        count[kind] = (count[kind] || 0) + 1;
        var head = o.word("kind_" + kind), heads = kind === "column" ? place.hay.split("; ").filter(function (c) { return says(c, words.slice(0, 1)); }) : [];
        out.push({ text: place.text, more: head + ": " + (kind === "column" ? heads.slice(0, 3).join(", ") : around(place.more, words[0])), go: function () { place.go(words); } });
      });
    });
    return out;
  }
  function find(text, data) {
    var needle = text.toLowerCase(), out = [];
    if (!needle) return out;
    // a gene by its whole name, others that begin so where there are few
    var genes = Object.keys(data.genes).filter(function (gene) { return gene.toLowerCase().indexOf(needle) === 0; });
    genes.sort(function (a, b) { return (a.length === needle.length ? 0 : 1) - (b.length === needle.length ? 0 : 1); });
    genes.slice(0, genes.length && genes[0].length === needle.length ? 2 : 8).forEach(function (gene) {
      var ids = data.genes[gene].map(function (i) { return data.patients[i]; }), words = o.word(ids.length === 1 ? "altered_in_one" : "altered_in", { n: ids.length });
      out.push({ text: gene, more: words, go: function () { o.people(gene + ": " + words, ids); rows(gene); } });
    });
    data.patients.forEach(function (p) {
      if (p.toLowerCase().indexOf(needle) < 0) return;
      out.push({ text: p, more: o.word(data.has[p] ? "page_of" : "rows_of"),
        go: function () { if (data.has[p]) location.href = o.pageOf(data.has[p]); else rows(p); } });
    });
    out = out.slice(0, 8).concat(needle.length > 1 ? found(needle) : []).slice(0, MOST);
    return out.concat(needle.length > 1 ? [{ text: o.word("in_tables", { text: text }), more: o.word("kind_rows"), go: function () { everywhere(text); } }] : []);
  }
  function open(box, text) {
    o.openTable(box).then(function () { box.filterRows(text); o.reveal(box); });
  }
  // open the first table that has rows of it
  function rows(text) {
    var boxes = o.all("details[data-table]");
    (function next(i) {
      if (i >= boxes.length) return;
      o.table(boxes[i].dataset.table).then(function (data) {
        var has = data.rows.some(function (r) { return r.indexOf(text) >= 0; });
        if (!has) return next(i + 1);
        open(boxes[i], text);
      });
    })(0);
  }
  // every table whose rows say it, with how many; those with a cell that says it and nothing else come first
  function everywhere(text) {
    var boxes = o.all("details[data-table]"), needle = text.toLowerCase().replace(/_/g, " ");
    // the dialog opens at once; the tables are unpacked and looked through one after another, so that the page answers meanwhile
    o.dialog(o.word("in_tables", { text: text }), function (dialog) {
      var count = o.element("p", { "class": "muted", "aria-live": "polite" }), holding = [];
      dialog.appendChild(count);
      (function next(k) {
        if (k && !dialog.isConnected) return;
        if (k === boxes.length) { count.remove(); return listed(dialog, holding, text); }
        count.textContent = o.word("page", { k: k + 1, n: boxes.length });
        o.table(boxes[k].dataset.table).then(function (data) {
          var found = holders(data.rows, needle);
          if (found.n) holding.push({ box: boxes[k], n: found.n, whole: found.whole });
          setTimeout(function () { next(k + 1); });
        });
      })(0);
    });
  }
  // how many rows have a cell that holds the words, and whether one says nothing else
  function holders(rows, needle) {
    var n = 0, whole = false;
    rows.forEach(function (r) {
      var holds = false;
      r.forEach(function (v) {
        var cell = v === null ? "" : String(v).toLowerCase().replace(/_/g, " ");
        if (cell.indexOf(needle) >= 0) { holds = true; whole = whole || cell === needle; }
      });
      if (holds) n++;
    });
    return { n: n, whole: whole };
  }
  function listed(dialog, holding, text) {
    holding.sort(function (a, b) { return (b.whole ? 1 : 0) - (a.whole ? 1 : 0); });
    var list = o.element("ul", { "class": "tables" });
    holding.forEach(function (t) {
      var head = t.box.closest("section[id]").querySelector("h2, h3"), item = o.element("li");
      var name = plain(head.firstChild || head) + ": " + plain(t.box.querySelector("summary").firstChild);
      var button = o.element("button", { type: "button" }, name + " (" + o.word("rows", { n: t.n.toLocaleString("en") }) + ")");
      button.addEventListener("click", function () { dialog.close(); open(t.box, text); });
      item.appendChild(button); item.appendChild(o.element("small", {}, " " + plain(t.box.querySelector(".about")))); list.appendChild(item);
    });
    dialog.appendChild(holding.length ? list : o.element("p", {}, o.word("nothing")));
  }
  input.addEventListener("input", function () { o.index().then(function (data) { show(find(input.value.trim(), data)); }); });
  input.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown" && hits.length) { event.preventDefault(); mark(at + 1); }
    else if (event.key === "ArrowUp" && hits.length) { event.preventDefault(); mark(at - 1); }
    else if (event.key === "Enter" && hits.length) { event.preventDefault(); go(hits[Math.max(at, 0)]); }
    else if (event.key === "Escape") show([]);
  });
  input.addEventListener("blur", function () { setTimeout(function () { if (document.activeElement !== input) show([]); }, 100); });
})();
