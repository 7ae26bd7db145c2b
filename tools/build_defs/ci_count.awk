# Reads what --build_event_json_file wrote (an event a line) and the test.xml of each test it names.
# Prints a line per test target: milliseconds, passed, failed, skipped (or disabled), status, label.
#
# A test case is a <testcase> of GoogleTest; a shell test is one case, whatever a program that it ran
# wrote. A target that failed without a failed case (a crash, a leak, a time-out) is one failed case.

# The string after `"key":` in `text`, or "".
function string_of(text, key, at) {
  at = index(text, "\"" key "\":\"")
  if (!at) return ""
  text = substr(text, at + length(key) + 4)
  return substr(text, 1, index(text, "\"") - 1)
}

function hex(digit) { return index("0123456789abcdef", tolower(digit)) - 1 }

# "file:///a%20b" as a path; "" for what is not here.
function path_of(uri, path, at) {
  if (uri !~ /^file:\/\//) return ""
  uri = substr(uri, 8)
  while ((at = index(uri, "%"))) {
    path = path substr(uri, 1, at - 1) \
      sprintf("%c", hex(substr(uri, at + 1, 1)) * 16 + hex(substr(uri, at + 2, 1)))
    uri = substr(uri, at + 3)
  }
  return path uri
}

# Adds the cases of one test.xml to `cases`, `bad` and `skipped`. CDATA may hold anything: off with it.
function count_xml(path, text, line, part, n, parts, i) {
  text = ""
  while ((getline line < path) > 0) text = text line "\n"
  close(path)
  while ((i = index(text, "<![CDATA["))) {
    part = substr(text, i)
    n = index(part, "]]>")
    text = substr(text, 1, i - 1) (n ? substr(part, n + 3) : "")
  }
  n = split(text, parts, /<testcase[ \t\n]/)
  for (i = 2; i <= n; i++) {
    ++cases
    if (parts[i] ~ /<(failure|error)[ \t\n\/>]/) ++bad
    else if (parts[i] ~ /<skipped[ \t\n\/>]/ || parts[i] ~ /^[^>]*(status="notrun"|result="(skipped|suppressed)")/) ++skipped
  }
}

/^\{"id":\{"targetConfigured":/ { kind[string_of($0, "label")] = string_of($0, "targetKind") }

# The last attempt of a run and shard counts.
/^\{"id":\{"testResult":/ {
  label = string_of($0, "label")
  match($0, /"run":[0-9]+/); run = substr($0, RSTART, RLENGTH)
  match($0, /"shard":[0-9]+/); run = label SUBSEP run substr($0, RSTART, RLENGTH)
  if (!(run in status)) order[++runs] = run
  label_of[run] = label
  status[run] = string_of($0, "status")
  milliseconds[run] = string_of($0, "testAttemptDurationMillis") + 0
  at = index($0, "\"name\":\"test.xml\"")
  xml[run] = at ? path_of(string_of(substr($0, at), "uri")) : ""
}

END {
  for (i = 1; i <= runs; i++) {
    run = order[i]
    label = label_of[run]
    cases = bad = skipped = 0
    if (kind[label] ~ /^sh_test/ || xml[run] == "") cases = 1
    else count_xml(xml[run])
    if (status[run] != "PASSED") {
      if (!bad) bad = 1
      if (cases < bad + skipped) cases = bad + skipped
    }
    if (!(label in time)) labels[++targets] = label
    time[label] += milliseconds[run]
    good[label] += cases - bad - skipped
    failed[label] += bad
    left_out[label] += skipped
    if (worst[label] == "" || worst[label] == "PASSED") worst[label] = status[run]
  }
  for (i = 1; i <= targets; i++) {
    label = labels[i]
    printf "%d %d %d %d %s %s\n", time[label], good[label], failed[label], left_out[label], worst[label], label
  }
}
