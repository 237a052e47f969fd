"use strict";
// The page: links open what they lead to, the contents follow the reader, terms explain themselves.
(function () {
  var o = oncourse;
  function opened(target) {
    var more = target.querySelector("details.more");
    if (more) more.open = true;
    for (var up = target; up; up = up.parentNode) if (up.tagName === "DETAILS") up.open = true;
  }
  function reveal(id) {
    var target = id && document.getElementById(id);
    if (target) opened(target);
  }
  // what a search found: opened, brought into sight, and named to who does not see it
  o.reveal = function (node) {
    opened(node);
    var place = { block: node.matches("li, p") ? "center" : "start", behavior: "instant" };
    node.scrollIntoView(place);
    setTimeout(function () { node.scrollIntoView(place); }, 200); // figures that came into sight were drawn, and moved it
    o.all(".hit").forEach(function (e) { e.classList.remove("hit"); });
    node.classList.add("hit");
    if (!node.hasAttribute("tabindex")) node.setAttribute("tabindex", "-1");
    node.focus({ preventScroll: true });
  };
  addEventListener("hashchange", function () { reveal(decodeURIComponent(location.hash.slice(1))); });
  reveal(decodeURIComponent(location.hash.slice(1)));
  document.addEventListener("click", function (event) {
    var link = event.target.closest('a[href^="#"]');
    if (link) reveal(decodeURIComponent(link.getAttribute("href").slice(1)));
  });
  var fold = document.querySelector("button.fold");
  if (fold) fold.addEventListener("click", function () {
    var boxes = o.all("details.more"), open = !boxes.every(function (b) { return b.open; });
    boxes.forEach(function (b) { b.open = open; });
    fold.textContent = open ? fold.dataset.close : fold.dataset.open;
  });
  var links = o.all(".side nav a");
  if (links.length && "IntersectionObserver" in window) {
    var watch = new IntersectionObserver(function (entries) {
      entries.forEach(function (e) {
        if (!e.isIntersecting) return;
        links.forEach(function (a) { a.removeAttribute("aria-current"); });
        var mine = links.find(function (a) { return a.getAttribute("href") === "#" + e.target.id; });
        if (mine) mine.setAttribute("aria-current", "true");
      });
    }, { rootMargin: "-10% 0px -80% 0px" });
    o.all("main section[id]").forEach(function (s) { watch.observe(s); });
  }
  // ids of patients in plain lists become links
  o.index().then(function (data) {
    o.all("[data-ids]").forEach(function (holder) {
      var parts = holder.textContent.split(", ");
      if (!parts.some(function (p) { return data.has[p]; })) return;
      holder.textContent = "";
      parts.forEach(function (p, i) { if (i) holder.appendChild(document.createTextNode(", ")); holder.appendChild(data.has[p] ? o.person(p, data.has) : document.createTextNode(p)); });
    });
  });
  // tables that stand in the page: each cell knows the head of its column, which a phone writes before it
  o.all(".scroll > table").forEach(function (table) {
    var heads = o.all("thead th", table).map(function (th) { return (th.firstChild || th).textContent; });
    o.all("tbody tr", table).forEach(function (tr) {
      Array.from(tr.children).forEach(function (cell, i) { if (cell.tagName === "TD" && heads[i]) cell.dataset.head = heads[i]; });
    });
  });
  // the first mention of a term in each section opens its explanation
  var terms = o.all(".glossary div").map(function (d) { return [d.querySelector("dt").textContent, d.querySelector("dd").textContent]; });
  // where a term stands in a text as a word of its own, one or many: no OS in "OS1", but a clone in "clones"
  function at(text, term) {
    for (var i = text.indexOf(term); i >= 0; i = text.indexOf(term, i + 1))
      if (!/[A-Za-z0-9]/.test(text.charAt(i - 1)) && !/^[A-Za-z0-9]/.test(text.slice(i + term.length).replace(/^s(?![A-Za-z0-9])/, ""))) return i;
    return -1;
  }
  function explain(block, told) {
    terms.forEach(function (term) {
      if (told[term[0]]) return;
      var walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT), node;
      while ((node = walker.nextNode())) {
        var i = at(node.textContent, term[0]);
        if (i < 0 || node.parentNode.closest(".term, a, button, code")) continue;
        var rest = node.splitText(i), word = o.element("span", { "class": "term", tabindex: "0", role: "button", title: term[1] }, term[0]);
        rest.textContent = rest.textContent.slice(term[0].length);
        rest.parentNode.insertBefore(word, rest);
        function open() { o.dialog(term[0], function (box) { box.appendChild(o.element("p", {}, term[1])); }); }
        told[term[0]] = true;
        word.addEventListener("click", open);
        word.addEventListener("keydown", function (event) { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); } });
        break;
      }
    });
  }
  var front = {};
  o.all(".card .say p").forEach(function (block) { explain(block, front); });
  o.all("details.more").forEach(function (box) {
    box.addEventListener("toggle", function once() { box.removeEventListener("toggle", once); var told = {}; o.all("p.answer, .answer li, figcaption, .limits li", box).forEach(function (block) { explain(block, told); }); });
  });
})();
