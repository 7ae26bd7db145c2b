#!/bin/bash
# hil run's folder, and hil report.
set -u
hil=$PWD/$1
# shellcheck source=tests/hil/cli_functions.sh
. "$2"
unset TEST_UNDECLARED_OUTPUTS_DIR
export XDG_STATE_HOME=$work/state

# only FOLDER NAME...: what is in it.
only() {
  local folder=$1
  shift
  [ "$(ls -A "$folder")" = "$(printf '%s\n' "$@")" ] || fail "$folder has $(ls -A "$folder")"
}

suite good <<'END'
echo "[==========] Running 2 tests from 1 test suite."
printf '[ RUN      ] A.One\n[       OK ] A.One (1 ms)\n[ RUN      ] A.Two\n[       OK ] A.Two (2 ms)\n'
echo "[==========] 2 tests from 1 test suite ran. (3 ms total)"
END
suite bad <<'END'
echo "[==========] Running 2 tests from 1 test suite."
printf '[ RUN      ] A.One\n[       OK ] A.One (1 ms)\n[ RUN      ] A.Two\na.cc:7: Failure\n'
echo "[  FAILED  ] A.Two (2 ms)"
echo "[==========] 2 tests from 1 test suite ran. (3 ms total)"
touch "$0.began"
exit 1
END

# By default: by date, time and target, below the folder for state.
expect 0 "^report: $work/state/ixylab/runs/[-0-9]*T[-0-9]*-model_82599(-2)?/report.html$" run \
  --suite="$work/good"
last_line '2 passed, 0 failed, 0 skipped'
expect 0 '^report: ' run --suite="$work/good" --seed=7 '--filter=A.*'
[ "$(find "$work/state/ixylab/runs" -name run.json | wc -l)" = 2 ] || fail "not two runs"
expect 0 '-model_82599.*  2 passed, 0 failed, 0 skipped$' report list
[ "$(wc -l < "$work/out")" = 2 ] || fail "not two runs are listed"
for run in "$work"/state/ixylab/runs/*; do only "$run" junit.xml report.html run.json; done
grep -lq -- "\"command\": \".* run --suite=$work/good --seed=7 '--filter=A.\*'\"" \
  "$work"/state/ixylab/runs/*/run.json || fail "no command"
expect 0 '^2 passed' run --suite="$work/good" --no-report
[ "$(find "$work/state/ixylab/runs" -name run.json | wc -l)" = 2 ] || fail "--no-report writes one"
rm -r "$work/state"
expect 0 'no runs in ' report list

# A default place that cannot be had costs the report, not the run; nor does an interrupted run.
XDG_STATE_HOME=/proc/none expect 0 '^no report: .*/proc/none' run --suite="$work/good"
last_line '2 passed, 0 failed, 0 skipped'
env -u XDG_STATE_HOME -u HOME "$hil" run --suite="$work/good" > "$work/out" 2> "$work/err"
grep -q '^no report: there is neither .XDG_STATE_HOME nor .HOME' "$work/out" || fail "no HOME"
TEST_UNDECLARED_OUTPUTS_DIR=$work/kept expect 0 "^report: $work/kept/runs/" run --suite="$work/good"

# A folder that the user names, also relative to where he stands, and never one with files.
expect 1 "^report: $work/a/report.html$" run --suite="$work/bad" --report="$work/a"
rm "$work/bad.began"
BUILD_WORKING_DIRECTORY=$work expect 0 "^report: $work/b/report.html$" run --suite=good --report=b
grep -q '"command": "bazel run //hil -- run --suite=good --report=b"' "$work/b/run.json" ||
  fail "not the command of bazel run"
only "$work/b" junit.xml report.html run.json
refuse "there are files in $work/a already: name another folder" run --suite="$work/bad" \
  --report="$work/a"
refuse "cannot write /proc/none" run --suite="$work/bad" --report=/proc/none/a
refuse "$work/good is no folder" run --suite="$work/bad" --report="$work/good"
refuse 'report' run --report="$work/c" --no-report
[ ! -e "$work/bad.began" ] || fail "the suite ran although its report cannot be written"

# A disk that is full when the run is over.
(
  trap '' XFSZ
  ulimit -f 0
  "$hil" run --suite="$work/good" --report="$work/full"
  echo "exit code $?"
) 2>&1 | cat > "$work/out"
grep -q "^no report: cannot write $work/.*File too large" "$work/out" || fail "no word of a full disk"
last_line 'exit code 2'
grep -q '^2 passed, 0 failed, 0 skipped$' "$work/out" || fail "no sum"
[ -z "$(find "$work" -name '*full*')" ] || fail "something is left"

# A target that cannot begin does not cost the others their results.
suite model_alone <<'END'
case $* in *--target=model:82599\ *) exec "${0%/*}/good" ;; esac
echo "conformance: something is missing" >&2
exit 2
END
expect 1 'something is missing' run --suite="$work/model_alone" --target=model:82599 \
  --target=model:virtio-net --report="$work/two"
last_line '2 passed, 1 failed, 0 skipped'

# hil report.
expect 0 '^A.Two  2 ms' report show "$work/b"
last_line '2 passed, 0 failed, 0 skipped'
expect 1 'a.cc:7: Failure' report show "$work/a/run.json"
rm "$work/b/report.html"
expect 0 "^report: $work/b/report.html$" report html "$work/b"
only "$work/b" junit.xml report.html run.json
expect 0 '^0 of 2 tests changed' report compare "$work/b" "$work/b" --html="$work/page.html"
grep -q 'Nothing changed' "$work/page.html" || fail "no page"
expect 1 '^A.Two  2 ms +FAILED +broken$' report compare "$work/b" "$work/a/run.json"
expect 1 '^A.Two  FAILED +2 ms +fixed$' report compare "$work/a" "$work/b"
expect 1 '^only in B: model:virtio-net$' report compare "$work/b" "$work/two"
expect 0 '^0 of 2 tests' report compare "$work/b" "$work/two:model:82599"

refuse "there is no run $work/none" report compare "$work/none" "$work/a"
refuse "$work/a has no target \"model:x\"" report compare "$work/a:model:x" "$work/a"
refuse "cannot read $work/none: No such file" report show "$work/none"
refuse 'cannot write /proc/page' report compare "$work/a" "$work/a" --html=/proc/page
refuse 'factor' report compare "$work/a" "$work/a" --factor=-1
refuse 'subcommand' report
echo '{"format": "ixylab run 1", "command": 7}' > "$work/b/run.json"
refuse "$work/b/run.json: command: not a text" report show "$work/b"
refuse "$work/b/run.json: command: not a text" report compare "$work/a" "$work/b"

finish
