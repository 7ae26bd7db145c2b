#!/bin/bash
# What `hil lab` and runs on lab machines answer, with a fake ssh and a fake agent.
set -u
hil=$PWD/$1
fake_ssh=$PWD/$2
# shellcheck source=tests/hil/cli_functions.sh
. "$3"
unset IXYLAB_LAB BUILD_WORKING_DIRECTORY
export HOME=$work LAB_MACHINE=$work/machine
mkdir -p "$LAB_MACHINE/bin"

# lab: makes the lab file of what stands on standard input.
lab() { cat > "$work/lab.toml"; }
ports='
port.a = {address = "0000:03:00.0", cable = "b", speed = 10, sfp = "10GBASE-SR"}
port.b = {address = "0000:03:00.1", cable = "a"}'

# Lab files: found, or not; right or wrong.
refuse "^hil: no lab file: there is no $work/.config/ixylab/lab.toml; .*--lab=FILE or .IXYLAB_LAB$" \
  lab list
lab <<EOF
[machine.rack1]
host = "192.0.2.17"
user = "root"
iommu = true
notes = "upper shelf"$ports
[machine.desk]
host = "127.0.0.1"
ssh_port = 1$ports
EOF
expect 0 '^lab:rack1  root@192.0.2.17, IOMMU$' lab list --lab="$work/lab.toml"
expect 0 '^ *port +address +cable +speed +sfp$' lab list --lab="$work/lab.toml"
expect 0 '^ *a +0000:03:00.0 +b +10 Gbit/s +10GBASE-SR$' lab list --lab="$work/lab.toml"
expect 0 '^ *upper shelf$' lab list --lab="$work/lab.toml"
BUILD_WORKING_DIRECTORY=$work expect 0 '^lab:desk' lab list --lab=lab.toml
export IXYLAB_LAB=$work/lab.toml
expect 0 '^lab:desk  127.0.0.1, no IOMMU, ssh_port 1$' lab list
mkdir -p "$work/.config/ixylab"
echo 'machine.rack1.hots = "192.0.2.17"' > "$work/.config/ixylab/lab.toml"
IXYLAB_LAB='' refuse "/lab.toml:1: machine.rack1.hots: unknown key; there are: host " lab list

refuse 'no lab machine "attic" in .*; there are: rack1 desk' run --target=lab:attic
refuse 'no lab machine "attic"' lab check rack1 attic
refuse 'no lab machine "attic"' lab reserve attic --for=1
refuse 'lab machine rack1 has no port "c"; there are: a b' run --target=lab:rack1/c
refuse 'lab machine rack1 has no port "c"' lab release rack1/c
refuse 'for' lab reserve rack1
refuse 'from 1 to 10080' lab reserve rack1 --for=0
refuse 'subcommand' lab
# Before any target runs.
refuse 'no lab machine "attic"' run --target=model:82599 --target=lab:attic

# A real ssh, and a port at which nothing listens.
expect 2 '^hil: lab machine desk: 127.0.0.1 refuses the connection: .* Connection refused\)$' \
  run --target=lab:desk
[ "$(wc -l < "$work/err")" = 1 ] || fail 'not one line on standard error'
expect 1 '^desk: NOT usable: 127.0.0.1 refuses the connection' lab check desk
expect 2 '^hil: no no-such-ssh on the PATH' run --target=lab:desk --ssh=no-such-ssh

# agent: makes the agent of what stands on standard input, which comes after the request.
agent_program=$work/runfiles/ixylab/hil/agent/agent
mkdir -p "${agent_program%/*}"
agent() {
  { printf '%s\n' '#!/bin/sh' "read -r request; echo \"\$request\" > $LAB_MACHINE/request"; cat; } \
    > "$agent_program"
  chmod +x "$agent_program"
}
say() { echo "echo '{\"event\":\"$1\",\"name\":\"${3-}\",\"text\":\"$2\",\"end\":\"exited\",\"code\":0}'"; }
end() { echo "echo '{\"event\":\"end\",\"name\":\"\",\"text\":\"\",\"end\":\"$1\",\"code\":$2}'"; }
on_lab() {
  local code=$1 pattern=$2
  shift 2
  RUNFILES_DIR=$work/runfiles expect "$code" "$pattern" "$@" --ssh="$fake_ssh"
}
asked() {
  grep -Eq -- "$1" "$LAB_MACHINE/request" || fail "the request has no $1: $(cat "$LAB_MACHINE/request")"
}
started=$(say line '[==========] Running 2 tests from 1 test suite.'
  say line '[ RUN      ] A.One'
  say line '[       OK ] A.One (1 ms)'
  say line '[ RUN      ] A.Two')

# Exit codes of runs.
agent <<EOF
$(say note 'ports a, b: taken')
$started
$(say line '[       OK ] A.Two (1 ms)')
$(say line '[==========] 2 tests from 1 test suite ran. (3 ms total)')
$(say file '<testsuites/>' result)
$(end exited 0)
EOF
on_lab 0 '^ *2/2 +passed .* A.Two' run --target=lab:rack1 --xml="$work/xml" --seed=7 --deadline=9 \
  --register-trace '--filter=A.*' --purpose='to see it'
last_line '2 passed, 0 failed, 0 skipped'
grep -q '^rack1: ports a, b: taken$' "$work/out" || fail 'no note'
[ "$(cat "$work/xml")" = '<testsuites/>' ] || fail "the XML is $(cat "$work/xml")"
asked '"request":"run"'
asked '"arguments":\["--seed=7","--gtest_filter=A.\*","--gtest_color=no"\]'
asked '"bus":"vfio"'
asked '"deadline":9'
asked '"purpose":"to see it"'
asked '"register_trace":true'
asked '"program":""'
on_lab 0 'passed' run --target=lab:rack1 --soak-packets=99 --suite="$agent_program"
asked '"--soak-packets=99"'
asked '"purpose":"hil run --target=lab:rack1 '
asked '"program":"/var/lib/ixylab/suite-[0-9a-f]{16}"'

agent <<EOF
$started
$(say line 'a.cc:7: Failure')
$(say line '[  FAILED  ] A.Two (2 ms)')
$(say line '[==========] 2 tests from 1 test suite ran. (3 ms total)')
$(end exited 1)
EOF
on_lab 1 'a.cc:7: Failure' run --target=lab:rack1
last_line '1 passed, 1 failed, 0 skipped'

agent <<EOF
$started
$(end signalled 11)
EOF
on_lab 1 '^ *the program crashed: Segmentation fault' run --target=lab:rack1
last_line '1 passed, 1 failed, 0 skipped'

agent <<EOF
$started
echo 'client_loop: send disconnect: Broken pipe' >&2; exit 255
EOF
on_lab 1 '^ *lab machine rack1: connection lost .client_loop: send disconnect: Broken pipe.: the mach' \
  run --target=lab:rack1
last_line '1 passed, 1 failed, 0 skipped'

agent <<EOF
$(say busy 'ports a, b are reserved by mia@desk3 until 12:30')
$(end failed 0)
EOF
on_lab 2 '^hil: lab machine rack1: ports a, b are reserved by mia@desk3 until 12:30$' \
  run --target=lab:rack1
on_lab 2 'reserved by mia@desk3' lab reserve rack1 --for=30
asked '"request":"reserve"'
asked '"seconds":1800'

# Checks, of one machine and of all.
agent <<EOF
$(say note 'ports a, b: ok')
$(end exited 0)
EOF
on_lab 0 '^rack1: usable$' lab check rack1
on_lab 0 '^rack1: root@192.0.2.17 answers: .*, x86_64, [0-9]+ MiB free .*, the agent is there$' \
  lab check rack1
on_lab 0 '^desk: usable$' lab check
grep -q '^rack1: ports a, b: ok$' "$work/out" || fail 'no note'
asked '"request":"check"'
on_lab 0 '^rack1: ports a, b: ok$' lab release rack1/b
asked '"names":\["b","a"\]'
agent <<EOF
$(say fail 'a has no link')
$(end failed 0)
EOF
on_lab 1 '^desk: NOT usable: a has no link$' lab check

# Ctrl-C: the machine gives everything back before hil ends. (A shell starts background jobs with
# SIGINT ignored, so SIGTERM stands in for it.)
agent <<EOF
$started
while read -r line; do case \$line in *stop*) break ;; esac; done
echo "\$line" > $LAB_MACHINE/stop
$(end stopped 0)
EOF
RUNFILES_DIR=$work/runfiles "$hil" run --target=lab:rack1 --ssh="$fake_ssh" > "$work/out" 2>&1 &
pid=$!
for _ in $(seq 600); do grep -q A.One "$work/out" && break; sleep 0.1; done
kill -TERM $pid
wait $pid
code=$?
[ $code = 130 ] || fail "interrupted: exit code $code"
grep -q '^interrupted' "$work/out" || fail 'interrupted: not told'
grep -q stop "$LAB_MACHINE/stop" || fail 'the machine was not told to stop'

finish
