"use strict";
// Rows -> an .xlsx file: a zip of five stored parts. Text stays text, so that no cell is a formula.
(function () {
  var sums = null;
  function crc(bytes) {
    if (!sums) { sums = []; for (var n = 0; n < 256; n++) { var c = n; for (var k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320 ^ (c >>> 1) : c >>> 1; sums[n] = c >>> 0; } }
    var crc32 = 0xFFFFFFFF;
    for (var i = 0; i < bytes.length; i++) crc32 = sums[(crc32 ^ bytes[i]) & 255] ^ (crc32 >>> 8);
    return (crc32 ^ 0xFFFFFFFF) >>> 0;
  }
  function field(size, value) { var out = new Uint8Array(size); for (var i = 0; i < size; i++) out[i] = (value >>> (8 * i)) & 255; return out; }
  function header(start, entry) {
    // version 20, no flags, stored, 1 January 2000
    return start.concat([field(2, 20), field(2, 0), field(2, 0), field(2, 0), field(2, 0x2821), field(4, entry.crc),
      field(4, entry.data.length), field(4, entry.data.length), field(2, entry.name.length), field(2, 0)]);
  }
  function zip(files) {
    var parts = [], at = 0, central = [], encoder = new TextEncoder();
    function put(list) { list.forEach(function (p) { parts.push(p); at += p.length; }); }
    files.forEach(function (f) {
      var entry = { name: encoder.encode(f[0]), data: encoder.encode(f[1]), at: at };
      entry.crc = crc(entry.data);
      central.push(entry);
      put(header([field(4, 0x04034b50)], entry).concat([entry.name, entry.data]));
    });
    var begin = at;
    central.forEach(function (e) {
      put(header([field(4, 0x02014b50), field(2, 20)], e).concat([field(2, 0), field(2, 0), field(2, 0), field(4, 0), field(4, e.at), e.name]));
    });
    var size = at - begin;
    put([field(4, 0x06054b50), field(2, 0), field(2, 0), field(2, central.length), field(2, central.length), field(4, size), field(4, begin), field(2, 0)]);
    return new Blob(parts, { type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" });
  }
  function text(value) {
    return String(value).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function cell(value) {
    if (value === null || value === undefined) return "<c/>";
    if (typeof value === "number" && isFinite(value)) return "<c><v>" + value + "</v></c>";
    if (typeof value === "boolean") return '<c t="b"><v>' + (value ? 1 : 0) + "</v></c>";
    return '<c t="inlineStr"><is><t xml:space="preserve">' + text(value) + "</t></is></c>";
  }
  oncourse.workbook = function (names, rows) {
    var head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', main = "http://schemas.openxmlformats.org/";
    var body = [names].concat(rows).map(function (r) { return "<row>" + r.map(cell).join("") + "</row>"; }).join("");
    return zip([
      ["[Content_Types].xml", head + '<Types xmlns="' + main + 'package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'],
      ["_rels/.rels", head + '<Relationships xmlns="' + main + 'package/2006/relationships"><Relationship Id="rId1" Type="' + main + 'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'],
      ["xl/workbook.xml", head + '<workbook xmlns="' + main + 'spreadsheetml/2006/main" xmlns:r="' + main + 'officeDocument/2006/relationships"><sheets><sheet name="table" sheetId="1" r:id="rId1"/></sheets></workbook>'],
      ["xl/_rels/workbook.xml.rels", head + '<Relationships xmlns="' + main + 'package/2006/relationships"><Relationship Id="rId1" Type="' + main + 'officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'],
      ["xl/worksheets/sheet1.xml", head + '<worksheet xmlns="' + main + 'spreadsheetml/2006/main"><sheetData>' + body + "</sheetData></worksheet>"]
    ]);
  };
})();
