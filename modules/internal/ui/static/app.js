// Small helps for signed-in pages. Everything works without this file.
(function (d) {
  "use strict";
  var all = function (query, change) { d.querySelectorAll(query).forEach(change); };

  // "/" goes to the search box, unless somebody is typing. Escape closes drop-downs.
  d.addEventListener("keydown", function (e) {
    var box = d.getElementById("search");
    if (e.key === "Enter" && e.target.matches("[data-picker]")) e.preventDefault(); // it has searched
    if (e.key === "Escape") close(null);
    if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || !box) return;
    if (e.target.closest("input, textarea, select, [contenteditable]")) return;
    e.preventDefault();
    box.select();
  });
  function close(except) {
    all("details.drop[open]", function (drop) { if (drop !== except) drop.open = false; });
  }
  d.addEventListener("click", function (e) { close(e.target.closest("details.drop")); });

  // A form is sent once; its button says that it is busy. Coming back wakes it again.
  d.addEventListener("submit", function (e) {
    var form = e.target;
    if (e.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (form.dataset.sent) return e.preventDefault();
    form.dataset.sent = "1";
    if (e.submitter) e.submitter.setAttribute("aria-busy", "true");
    setTimeout(wake, 8000); // an answer that is a file leaves the page where it is
  });
  function wake() {
    all("form[data-sent]", function (form) { delete form.dataset.sent; });
    all("[aria-busy]", function (button) { button.removeAttribute("aria-busy"); });
  }
  addEventListener("pageshow", wake);
  d.addEventListener("htmx:afterRequest", wake);

  // Dates are typed as digits; the slashes come by themselves.
  d.addEventListener("input", function (e) {
    var box = e.target;
    if (!box.matches("[data-date]") || e.inputType !== "insertText") return;
    if (/^\d\d(\/\d\d)?$/.test(box.value)) box.value += "/";
  });
})(document);
