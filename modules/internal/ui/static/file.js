// File fields say in Vietnamese which file is chosen. Without this file they are the browser's own.
(function (d) {
  "use strict";
  var number = function (n) { return n.toFixed(1).replace(".0", "").replace(".", ","); };
  var size = function (bytes) {
    if (bytes < 1024) return bytes + " byte";
    if (bytes < 1048524) return Math.round(bytes / 1024) + " KB"; // what rounds to less than 1024 KB
    return number(bytes / 1048576) + " MB";
  };

  function say(field) {
    var box = field.closest("[data-file]"), files = field.files;
    box.querySelector(".file-chosen").textContent = !files.length ? box.dataset.none
      : files.length > 1 ? files.length + " tệp" : files[0].name + ", " + size(files[0].size);
    box.classList.toggle("has-file", files.length > 0);
  }

  function wire(box) {
    var field = box.querySelector("input"), chosen = box.querySelector(".file-chosen");
    if (box.classList.contains("is-live")) return;
    box.classList.add("is-live");
    box.querySelector(".file-face").hidden = false;
    field.setAttribute("aria-describedby", ((field.getAttribute("aria-describedby") || "") + " " + chosen.id).trim());
    field.addEventListener("change", function () { say(field); });
    var over = function (is) { return function () { box.classList.toggle("is-over", is); }; };
    field.addEventListener("dragenter", over(true)); // the browser itself takes what is dropped on the field
    field.addEventListener("dragleave", over(false));
    field.addEventListener("drop", over(false));
    if (field.form) field.form.addEventListener("reset", function () { setTimeout(say, 0, field); });
    say(field);
    chosen.setAttribute("aria-live", "polite"); // from now on, what changes is said
  }

  function start() { d.querySelectorAll("[data-file]").forEach(wire); }
  start();
  d.addEventListener("htmx:load", start);
  addEventListener("pageshow", function () { // coming back, the browser may still have the files
    d.querySelectorAll("[data-file] input").forEach(say);
  });
})(document);
