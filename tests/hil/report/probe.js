// What the browser made of a page, as lines NAME=VALUE of an element "probe" at the end of its body.
addEventListener("load", function () {
  var seen = function (selector) {
    return Array.from(document.querySelectorAll(selector)).filter(function (element) {
      var box = element.getBoundingClientRect();
      return element.checkVisibility() && box.width > 0 && box.height > 0;
    });
  };
  var first = function (selector) { return seen(selector)[0]; };
  var box = function (element) { return element.getBoundingClientRect(); };
  var report = {
    rows: seen("table.results tr.test").length,
    columns: seen("table.results thead th").length,
    failed: seen("table.results td.failed").length,
    failed_text: seen("table.results td.failed a").map(function (link) { return link.textContent; }).join(),
    skipped: seen("table.results td.skipped").length,
    reason: (first("table.results td.skipped small") || {}).textContent,
    failures: seen("details.failure").length,
    unfolded: seen("details.failure[open]").length,
    accesses: seen("details.failure .accesses tbody tr").length,
    assertion: (first("details.failure pre.assertion") || {}).textContent,
    output: (first("details.failure pre.output") || {}).textContent,
    search: seen("#search").length,
    images: document.images.length,
    scripts: document.scripts.length - 2,  // but for the page's and this one
    links: Array.from(document.links).every(function (link) {
      return document.getElementById(link.getAttribute("href").slice(1));
    }),
    loaded: performance.getEntriesByType("resource").length,
    alerts: window.alerts.join(),
    errors: window.errors.join(),
    // Nothing but the table of results is wider than the window.
    overflow: seen("header, .block, details, pre").filter(function (element) {
      return box(element).right > document.documentElement.clientWidth + 1;
    }).length,
    background: getComputedStyle(document.body).backgroundColor,
  };
  // The columns' heads stay in sight.
  var table = first("table.results");
  if (table) {
    document.body.style.paddingBottom = "3000px";
    scrollTo(0, scrollY + box(table).bottom - 100);
    report.head_top = Math.round(box(first("table.results thead th")).top);
    scrollTo(0, 0);
  }
  // A part of a name leaves what has it.
  var search = document.getElementById("search");
  if (search) {
    search.value = "LINKCOMESUP";
    search.dispatchEvent(new Event("input"));
    report.found = seen("table.results tr.test").map(function (row) { return row.dataset.name; }).join();
    search.value = "";
    search.dispatchEvent(new Event("input"));
  }
  var pre = document.createElement("pre");
  pre.id = "probe";
  pre.textContent = "\n" + Object.keys(report).map(function (name) {
    return name + "=" + String(report[name]).replace(/\n/g, "|") + "\n";
  }).join("");
  document.body.append(pre);
  console.log("probe done");
});
window.alerts = [];
window.errors = [];
window.alert = function (text) { window.alerts.push(text); };
addEventListener("error", function (event) { window.errors.push(event.message); });
addEventListener("securitypolicyviolation", function (event) { window.errors.push(event.blockedURI); });
