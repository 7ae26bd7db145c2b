#!/bin/sh
# shellcheck disable=SC2016
# tools/bazel in a tree of its own, with a fake system on the PATH.
set -eu

box=$TEST_TMPDIR/box
mkdir -p "$box/tree/tools/build_defs" "$box/bin" "$box/files"
cp "$1" "$box/tree/tools/bazel"
wrapper=$box/tree/tools/bazel
cat > "$box/tree/tools/build_defs/packages" <<EOF
# a comment

bazel-bootstrap  bazel            builds
one              $box/files/one   comes first
two              $box/files/two   is second
EOF

# What the wrapper takes from the system, and nothing else: no apt-get, no sudo, no Bazel.
for tool in env readlink getent cut find mkdir; do ln -s "$(command -v $tool)" "$box/bin/$tool"; done

failures=0
fail() { echo "FAIL: $case_name: $*"; sed 's/^/    /' "$box/log" "$box/out" "$box/err"; failures=$((failures + 1)); }
begin() {
  case_name=$1
  rm -f "$box/bin/apt-get" "$box/bin/sudo" "$box/bin/bazel" "$box/bin/bazelisk" "$box/files"/*
  : > "$box/log"
  rm -rf "$box/.cache"
  has_qemu "$box/.cache"
  is_root
}
is_root() { tool id 'case $1 in -u) echo 0 ;; -un) echo root ;; esac'; }
is_user() { tool id 'case $1 in -u) echo 1000 ;; -un) echo user ;; esac'; }
# tool NAME SCRIPT: a fake tool. $log is where it notes what it was asked for.
tool() { printf '#!/bin/sh\nlog=%s/log files=%s/files\n%s\n' "$box" "$box" "$2" > "$box/bin/$1"; chmod +x "$box/bin/$1"; }
has_bazel() { tool "$1" 'printf "%s" "${0##*/}" >> $log; printf " <%s>" "$@" >> $log; echo >> $log; echo "USER=$USER HOME=$HOME BAZEL_REAL=${BAZEL_REAL-}"'; }
has_files() { for file; do : > "$box/files/$file"; done; }
has_apt() {
  # Options before the command aside; an installed package brings its file.
  tool apt-get 'while [ "$1" != update ] && [ "$1" != install ]; do shift; done
    echo "apt-get $*" >> $log
    for word; do case $word in one | two) : > $files/$word ;; esac; done
    echo chatter; exit ${APT_RESULT:-0}'
}
# has_qemu CACHE: a QEMU that was fetched before.
has_qemu() {
  mkdir -p "$1/ixylab/qemu"
  : > "$1/ixylab/qemu/run"
  chmod +x "$1/ixylab/qemu/run"
}
# fetches_qemu STATUS: the program that fetches one, and how it ends.
fetches_qemu() {
  printf '#!/bin/sh\necho "recent_qemu $*" >> %s/log\nexit %s\n' "$box" "$1" > "$box/tree/tools/build_defs/recent_qemu"
  chmod +x "$box/tree/tools/build_defs/recent_qemu"
}
# run [VARIABLE=VALUE...] -- ARGUMENT...
run() {
  settings=''
  while [ "$1" != -- ]; do settings="$settings $1"; shift; done
  shift
  status=0
  # shellcheck disable=SC2086
  env -i PATH="$box/bin" HOME="$box" USER=tester $settings /bin/sh "$wrapper" "$@" \
    > "$box/out" 2> "$box/err" || status=$?
}
expect_status() { [ "$status" = "$1" ] || fail "exit $status, not $1"; }
expect_log() { for call; do echo "$call"; done | cmp -s - "$box/log" || fail "expected the calls: $*"; }
expect_lines() { [ "$(wc -l < "$box/$1")" = "$2" ] || fail "expected $2 lines in $1"; }
expect_in() { grep -qF -e "$2" "$box/$1" || fail "no '$2' in $1"; }

begin 'all there'
has_bazel bazel; has_apt; has_files one two
run -- test --flag='a b' //...  '' '*'
expect_status 0
expect_log 'bazel <test> <--flag=a b> <//...> <> <*>'
expect_lines err 0

begin 'two packages missing'
has_bazel bazel; has_apt
run -- run //x -- 'a b'
expect_status 0
expect_log 'apt-get update' 'apt-get install -y --no-install-recommends one two' 'bazel <run> <//x> <--> <a b>'
expect_in err 'ixylab: installing one (comes first), two (is second)'
expect_lines out 1

begin 'only what is missing'
has_bazel bazel; has_apt; has_files one
run -- build //x
expect_log 'apt-get update' 'apt-get install -y --no-install-recommends two' 'bazel <build> <//x>'

begin 'a user with sudo'
is_user; has_bazel bazel; has_apt; has_files one
tool sudo 'printf "sudo: " >> $log; exec "$@"'
run -- build //x
expect_status 0
expect_log 'sudo: apt-get update' 'sudo: apt-get install -y --no-install-recommends two' 'bazel <build> <//x>'

begin 'neither root nor sudo'
is_user; has_bazel bazel; has_apt
run -- build //x
expect_status 1
expect_log
expect_lines err 1
expect_in err 'one two'

begin 'no apt-get'
has_bazel bazel
run -- build //x
expect_status 1
expect_lines err 1
expect_in err 'one two'

begin 'no apt-get, and told to go on'
has_bazel bazel
run IXYLAB_SETUP=no -- build //x
expect_status 0
expect_log 'bazel <build> <//x>'

begin 'apt-get fails'
has_bazel bazel; has_apt
run APT_RESULT=100 -- build //x
expect_status 1
expect_log 'apt-get update'
expect_in err 'chatter'
expect_in err 'could not install one two'

begin 'commands that need no libraries'
has_bazel bazel; has_apt
run -- shutdown
expect_log 'bazel <shutdown>'

begin 'called by a launcher, which names the real one'
has_bazel bazel; has_bazel real; has_apt; has_files one two
run BAZEL_REAL="$box/bin/real" -- test //...
expect_status 0
expect_log 'real <test> <//...>'

begin 'called by itself'
has_bazel bazel; has_files one two
run BAZEL_REAL="$wrapper" -- test //...
expect_status 0
expect_log 'bazel <test> <//...>'

begin 'it stands on the PATH itself'
has_bazel bazelisk; has_files one two
ln -s "$wrapper" "$box/bin/bazel"
run -- test //...
expect_status 0
expect_log 'bazelisk <test> <//...>'

begin 'neither USER nor HOME'
has_bazel bazel; has_files one two
run USER= HOME= XDG_CACHE_HOME="$box/.cache" -- test //...
expect_status 0
expect_in out 'USER=root HOME=/'

begin 'a newer QEMU is fetched'
has_bazel bazel; has_files one two; fetches_qemu 0
rm -r "$box/.cache"
run -- test //...
expect_status 0
expect_log "recent_qemu $box/.cache/ixylab/qemu" 'bazel <test> <//...>'
expect_lines err 0

begin 'into the cache folder of the user'
has_bazel bazel; has_files one two; fetches_qemu 0
run XDG_CACHE_HOME="$box/.cache/other" -- test //...
expect_log "recent_qemu $box/.cache/other/ixylab/qemu" 'bazel <test> <//...>'

begin 'not for commands that build nothing, and not if told so'
has_bazel bazel; has_files one two; fetches_qemu 0
rm -r "$box/.cache"
run -- shutdown
run IXYLAB_SETUP=no -- test //...
expect_log 'bazel <shutdown>' 'bazel <test> <//...>'

begin 'QEMU cannot be fetched: once an hour, and Bazel runs'
has_bazel bazel; has_files one two; fetches_qemu 1
rm -r "$box/.cache"
run -- test //...
expect_status 0
expect_lines err 1
expect_in err 'no QEMU of 10.1 or later'
run -- test //...
expect_log "recent_qemu $box/.cache/ixylab/qemu" 'bazel <test> <//...>' 'bazel <test> <//...>'

if [ "$failures" != 0 ]; then exit 1; fi
echo 'all passed'
