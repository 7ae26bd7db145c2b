#!/bin/bash
# Many inputs: tools/bazel run --config=fuzz //tests/fuzz:run -- [--runs=N] [--out=FOLDER] [TARGET...]
#
# Runs each fuzzer for N inputs (1,000,000), one after the other, and prints what became of them. What
# the fuzzers learn is kept in FOLDER (/tmp/ixylab-fuzz) and is where the next run starts from; a
# finding ends the run of its target and is a file there, too.
set -uo pipefail

runs=1000000 out=/tmp/ixylab-fuzz targets=()
for argument; do
  case $argument in
    --runs=*) runs=${argument#*=} ;;
    --out=*) out=${argument#*=} ;;
    -*) echo "unknown option: $argument" >&2; exit 2 ;;
    *) targets+=("$argument") ;;
  esac
done
cd "$(dirname "$0")" || exit 1
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < targets
status=0
printf '%-20s %12s %9s  %-15s  %s\n' target inputs 'a second' 'edges, of' outcome
while read -r target max_len; do
  case " ${targets[*]} " in *" $target "*) ;; *) continue ;; esac
  mkdir -p "$out/$target/corpus" || exit 1
  log=$out/$target.log outcome='nothing found'
  "./$target" -runs="$runs" -max_len="$max_len" -timeout=25 -rss_limit_mb=3000 -print_final_stats=1 \
    -artifact_prefix="$out/$target/" "$out/$target/corpus" "corpus/$target" > "$log" 2>&1 ||
    { status=1 outcome="FOUND: $(grep -m1 -E 'does not hold|SUMMARY' "$log"), see $log"; }
  # The last "cov:" of the log, and of how many.
  covered=$(grep -oE 'cov: [0-9]+' "$log" | tail -1)
  printf '%-20s %12s %9s  %-15s  %s\n' "$target" \
    "$(awk '/number_of_executed_units/ {print $2}' "$log")" \
    "$(awk '/average_exec_per_sec/ {print $2}' "$log")" \
    "${covered#cov: }, $(sed -n 's/.*Loaded.*(\([0-9]*\) inline.*/\1/p' "$log")" "$outcome"
done < targets
echo
# Both: what the repository has, and what has been learnt since.
./coverage corpus "$out"
exit $status
