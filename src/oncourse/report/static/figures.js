"use strict";
// Figures: drawn when they come into sight; hover, groups on and off, zoom, download; from a mark to its patients.
(function () {
  var o = oncourse, tip = null, MARKS = 400;
  function hover(drawing) {
    drawing.addEventListener("pointermove", function (event) {
      var mark = event.target.closest("[data-tip]"), cell = mark ? null : cellOf(event);
      if (!mark && !cell) return hide();
      if (!tip) { tip = o.element("div", { id: "tip", role: "status" }); document.body.appendChild(tip); }
      tip.textContent = cell ? cell.tip : mark.dataset.tip;
      tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
      tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
      tip.hidden = false;
    });
    drawing.addEventListener("pointerleave", hide);
    drawing.addEventListener("click", function (event) {
      var mark = event.target.closest("[data-who],[data-people],[data-tip]"), cell = mark ? null : cellOf(event);
      if (cell && cell.patient) return go(cell.tip, [cell.patient]);
      if (cell) return several(cell).then(function (ids) { if (ids.length) go(cell.tip, ids); });
      if (mark) behind(drawing, mark).then(function (ids) { if (ids.length) go(mark.dataset.tip || ids.join(", "), ids); });
    });
  }
  function go(title, ids) {
    o.index().then(function (data) {
      if (ids.length === 1 && data.has[ids[0]]) location.href = o.pageOf(data.has[ids[0]]);
      else o.people(title, ids);
    });
  }
  // the patients behind a mark: those that it or its series names, else who counts in its question
  function behind(drawing, mark) {
    var named = "[data-who],[data-people]", own = mark.matches(named) ? mark : mark.closest(named);
    if (!own && mark.dataset.series)
      own = o.all(named, drawing).find(function (m) { return m.dataset.series === mark.dataset.series; });
    if (own && own.dataset.people) return Promise.resolve(own.dataset.people.split(";").filter(Boolean));
    if (own) return o.index().then(function (data) { return o.members(own.dataset.who, data); });
    return counted(drawing, (mark.closest("[data-question]") || { dataset: {} }).dataset.question);
  }
  function counted(drawing, question) {
    var section = drawing.closest("section[id]");
    return o.counted("who-" + (section && section.id), question || "");
  }
  // what is drawn as a list: every mark with its patients, for keyboard and screen reader
  function listed(figure, drawing, svg) {
    var marks = o.all("[data-tip]", svg).filter(function (m, i, all) { return !i || m.dataset.tip !== all[i - 1].dataset.tip; }).slice(0, MARKS);
    Promise.all([o.index(), counted(drawing)].concat(marks.map(function (m) { return behind(drawing, m); }))).then(function (found) {
      var data = found[0], everyone = found[1];
      o.dialog(o.word("drawn"), function (box) {
        box.appendChild(o.element("p", {}, figure.querySelector("figcaption").textContent));
        var list = o.element("ul");
        marks.forEach(function (m, i) {
          var ids = found[i + 2], item = o.element("li", {}, m.dataset.tip + " ");
          if (ids.length === 1) item.appendChild(o.person(ids[0], data.has));
          else if (ids.length && ids.length < everyone.length) item.appendChild(peopleButton(m.dataset.tip, ids));
          list.appendChild(item);
        });
        box.appendChild(list);
        if (everyone.length) box.appendChild(peopleButton(o.word("counted"), everyone));
      });
    });
  }
  function peopleButton(title, ids) {
    var button = o.element("button", { type: "button" }, o.word("patients") + " (" + ids.length + ")");
    button.addEventListener("click", function () { o.people(title, ids); });
    return button;
  }
  // an image of cells: what is under the pointer is looked up, not drawn
  function cellOf(event) {
    var image = event.target.closest("[data-grid]");
    if (!image) return null;
    var grid = image.grid || (image.grid = JSON.parse(image.dataset.grid)), box = image.getBoundingClientRect();
    var column = Math.floor((event.clientX - box.left) / box.width * (grid.columns || grid.at || grid.names).length);
    var row = Math.floor((event.clientY - box.top) / box.height * grid.rows.length);
    if (grid.owner) return named(grid, row, column);
    var sample = grid.columns[column];
    if (!(sample >= 0) || !grid.cells[row]) return null;
    var words = grid.words[grid.cells[row].charCodeAt(column) - 48];
    if (!words) return null;
    return { tip: grid.samples[sample] + ", " + grid.rows[row] + ": " + words, patient: grid.patients[sample] };
  }
  // cells whose rows are samples, pairs of genes, or places along the genome
  function named(grid, row, column) {
    var place = grid.names[grid.at ? grid.at[column] : column];
    if (grid.owner === "places") return place ? { tip: place, who: "*" + grid.of[grid.at[column]], patients: grid.patients } : null;
    if (grid.owner === "pair") {
      var told = (grid.told[row] || [])[column];
      return told ? { tip: grid.rows[row] + " + " + place + ": " + told, genes: [grid.rows[row], place] } : null;
    }
    if (!grid.cells[row]) return null;
    var words = grid.words[grid.cells[row].charCodeAt(column) - 48];
    return { tip: grid.rows[row] + ", " + place + ": " + words, patient: grid.patients[row] };
  }
  // the patients of a place: who has it changed; of a pair of genes: who has both altered
  function several(cell) {
    if (cell.patients) return Promise.resolve(o.members(cell.who, null, cell.patients));
    return o.index().then(function (data) {
      var second = new Set(data.genes[cell.genes[1]] || []);
      return (data.genes[cell.genes[0]] || []).filter(function (i) { return second.has(i); }).map(function (i) { return data.patients[i]; });
    });
  }
  function hide() { if (tip) tip.hidden = true; }
  // a <title> of the drawing becomes what is shown on hover
  function marks(svg) {
    o.all("title", svg).forEach(function (title) {
      var mark = title.parentNode;
      if (mark === svg || mark.closest("defs")) return;
      mark.dataset.tip = title.textContent;
      title.remove();
    });
  }
  function series(figure, svg, tools) {
    var names = Array.from(new Set(o.all("[data-series]", svg).map(function (e) { return e.dataset.series; })));
    if (names.length < 2) return;
    names.forEach(function (name) {
      var parts = o.all("[data-series]", svg).filter(function (e) { return e.dataset.series === name; });
      var button = o.element("button", { type: "button", "aria-pressed": "true" });
      var dot = o.element("i"); dot.style.background = parts[0].dataset.colour || "#59636d";
      button.appendChild(dot); button.appendChild(document.createTextNode(name));
      button.addEventListener("click", function () {
        var on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        parts.forEach(function (e) { e.style.display = on ? "" : "none"; });
      });
      tools.appendChild(button);
    });
  }
  function source(svg) {
    var copy = svg.cloneNode(true), box = svg.viewBox.baseVal;
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", box.width); copy.setAttribute("height", box.height);
    return new XMLSerializer().serializeToString(copy);
  }
  function png(name, svg) {
    var box = svg.viewBox.baseVal, image = new Image(), scale = 4;
    image.onload = function () {
      var canvas = o.element("canvas");
      canvas.width = box.width * scale; canvas.height = box.height * scale;
      var context = canvas.getContext("2d");
      context.fillStyle = "#fff"; context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(function (blob) { o.save(name + ".png", blob); });
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(source(svg));
  }
  function tools(figure, drawing, svg) {
    var bar = o.element("div", { "class": "tools" }), zoom = 1, name = figure.dataset.file;
    function button(text, label, act) { var b = o.element("button", { type: "button", "aria-label": label + ": " + name }, text); b.addEventListener("click", act); bar.appendChild(b); }
    function scale(factor) {
      zoom = Math.min(8, Math.max(1, zoom * factor));
      svg.style.setProperty("width", 100 * zoom + "%", "important");
      drawing.style.aspectRatio = zoom > 1 ? "auto" : drawing.dataset.ratio;
      drawing.style.maxHeight = zoom > 1 ? "80vh" : "";
      drawing.style.overflowY = zoom > 1 ? "auto" : "";
    }
    series(figure, svg, bar);
    if (figure.dataset.figure) button(o.word("drawn"), o.word("drawn"), function () { listed(figure, drawing, svg); });
    button("+", o.word("zoom_in"), function () { scale(1.5); });
    button("\u2212", o.word("zoom_out"), function () { scale(1 / 1.5); });
    button("SVG", o.word("download", { kind: "SVG" }), function () { o.save(name + ".svg", new Blob([source(svg)], { type: "image/svg+xml" })); });
    button("PNG", o.word("download", { kind: "PNG" }), function () { png(name, svg); });
    figure.insertBefore(bar, figure.querySelector("figcaption"));
    drawing.addEventListener("keydown", function (event) {
      if (event.key === "+") scale(1.5);
      if (event.key === "-") scale(1 / 1.5);
    });
  }
  o.draw = function (figure) {
    if (figure.drawn) return figure.drawn;
    var drawing = figure.querySelector(".drawing");
    figure.drawn = o.unpack(figure.dataset.figure).then(function (text) {
      drawing.dataset.ratio = drawing.style.aspectRatio;
      drawing.innerHTML = text;
      var svg = drawing.querySelector("svg");
      svg.setAttribute("aria-hidden", "true");
      marks(svg); hover(drawing); tools(figure, drawing, svg);
    });
    return figure.drawn;
  };
  var figures = o.all("figure[data-figure]");
  if ("IntersectionObserver" in window) {
    var watch = new IntersectionObserver(function (entries) {
      entries.forEach(function (e) { if (e.isIntersecting) { watch.unobserve(e.target); o.draw(e.target); } });
    }, { rootMargin: "300px" });
    figures.forEach(function (f) { watch.observe(f); });
  } else figures.forEach(o.draw);
  addEventListener("beforeprint", function () { figures.forEach(function (f) { if (f.closest("details:not([open])") === null) o.draw(f); }); });
  // drawings that stand in the page: the timeline of a patient
  o.all("figure[data-zoom]").forEach(function (figure) {
    var drawing = figure.querySelector(".drawing"), svg = drawing.querySelector("svg");
    drawing.dataset.ratio = "auto";
    marks(svg); hover(drawing); tools(figure, drawing, svg);
  });
  o.all("svg.micro").forEach(function (svg) { marks(svg); hover(svg.parentNode); });
})();
