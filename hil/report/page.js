"use strict";
(function () {
  // A link to a failure or console opens what it is folded into; one to a filter sets it.
  function follow() {
    var name = location.hash.slice(1);
    var filter = document.getElementById("show-" + name);
    if (filter) filter.checked = true;
    var target = document.getElementById(name);
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", follow);
  follow();
  document.querySelectorAll("input.filter").forEach(function (filter) {
    filter.addEventListener("change", function () {
      history.replaceState(null, "", "#" + filter.value);
    });
  });

  // Search by name: without script it is not shown.
  var search = document.getElementById("search");
  if (!search) return;
  search.hidden = false;
  search.addEventListener("input", function () {
    var wanted = search.value.toLowerCase();
    document.querySelectorAll("table.results tbody").forEach(function (suite) {
      var any = false;
      suite.querySelectorAll("tr.test").forEach(function (row) {
        row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
        any = any || !row.hidden;
      });
      suite.hidden = !any;
    });
  });
})();
