"use strict";
// What the other scripts share: elements, packed data, the patients of the study, a dialog.
var oncourse = (function () {
  function element(name, attributes, text) {
    var e = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) { e.setAttribute(key, attributes[key]); });
    if (text !== undefined) e.textContent = text;
    return e;
  }
  // words of the page's language: {name} stands for a value
  var words = JSON.parse((document.getElementById("words") || {}).textContent || "{}");
  function word(key, values) {
    return (words[key] || key).replace(/\{(\w+)\}/g, function (_, name) { return values[name]; });
  }
  // base64 of gzip -> text; nothing is asked of a network
  function unpack(id) {
    var holder = document.getElementById(id);
    if (!holder) return Promise.resolve("");
    var bytes = Uint8Array.from(atob(holder.textContent), function (c) { return c.charCodeAt(0); });
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }
  var tables = {};
  function table(id) {
    if (!tables[id]) tables[id] = unpack(id).then(JSON.parse);
    return tables[id];
  }
  var known = null;
  function index() {
    if (!known) known = unpack("index").then(function (text) {
      var data = text ? JSON.parse(text) : { patients: [], pages: [], genes: {} };
      data.has = {};
      data.patients.forEach(function (p, i) { data.has[p] = data.pages[i] === 1 ? p : data.pages[i]; });
      return data;
    });
    return known;
  }
  // patients by their places in the index: "0,2", or "*" and a bit for each
  function members(text, data, patients) {
    var all = patients || data.patients;
    if (text.charAt(0) !== "*") return text ? text.split(",").map(function (i) { return all[i]; }) : [];
    var bits = atob(text.slice(1));
    return all.filter(function (_, i) { return bits.charCodeAt(i >> 3) >> (i & 7) & 1; });
  }
  // who counts in a question of a section; "" is in any of them
  function counted(id, question) {
    return Promise.all([index(), unpack(id)]).then(function (found) {
      var asked = JSON.parse(found[1] || "{}");
      return members(asked[question] || (question ? "" : asked[""] || ""), found[0]);
    });
  }
  // `file` is what `has` gives: the name of the page, which is the id unless a disk could not hold that
  function pageOf(file) { return "patients/" + encodeURIComponent(file) + ".html"; }
  // a patient as a link to the page, or as plain text where there is no page
  function person(patient, has) {
    return has[patient] ? element("a", { href: pageOf(has[patient]) }, patient) : element("span", {}, patient);
  }
  function dialog(title, fill) {
    var box = element("dialog", { "aria-label": title });
    var close = element("button", { type: "button" }, "\u00d7");
    close.setAttribute("aria-label", word("close"));
    close.style.cssText = "position:absolute;right:12px;top:12px;font-size:1.2rem";
    close.addEventListener("click", function () { box.close(); });
    box.addEventListener("click", function (event) { if (event.target === box) box.close(); });
    box.addEventListener("close", function () { box.remove(); });
    box.appendChild(close);
    box.appendChild(element("h2", {}, title));
    fill(box);
    document.body.appendChild(box);
    box.showModal();
  }
  function people(title, ids) {
    index().then(function (data) {
      dialog(title, function (box) {
        var list = element("p", { "class": "ids" });
        ids.forEach(function (id) { list.appendChild(person(id, data.has)); list.appendChild(document.createTextNode(" ")); });
        box.appendChild(element("p", { "class": "muted" }, "n = " + ids.length));
        box.appendChild(list);
      });
    });
  }
  function save(name, blob) {
    var link = element("a", { download: name });
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 5000);
  }
  function all(selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); }
  return { members: members, counted: counted, element: element, word: word, words: words, unpack: unpack, table: table, index: index, person: person, pageOf: pageOf, people: people,
    dialog: dialog, save: save, all: all };
})();
