#!/bin/bash
# The page of a run in a real browser: a run of which tests fail, one whose tests print what may
# harm a page, and a comparison.
set -u
hil=$PWD/$1
# shellcheck source=tests/hil/cli_functions.sh
. "$2"
probe=$PWD/$3
mutants=$PWD/$4
browser=/usr/bin/chromium-headless-shell
if [ ! -x "$browser" ]; then
  echo "FAILED: $browser is missing. Try: apt-get install chromium-headless-shell"
  exit 1
fi

# browse URL ARGUMENT...
browse() {
  local url=$1
  shift
  HOME=$work timeout 60 "$browser" --no-sandbox --disable-gpu --user-data-dir="$work/browser" \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --virtual-time-budget=2000 \
    --hide-scrollbars "$@" "$url" 2> "$work/err"
}

# look PAGE FRAGMENT WIDTH: what the probe says of the page, in $work/out.
look() {
  {
    printf '<!DOCTYPE html><script>'
    cat "$probe"
    printf '</script>'
    sed '1s/^<!DOCTYPE html>//' "$1"
  } > "$work/probed.html"
  browse "file://$work/probed.html$2" --window-size="$3,1000" --dump-dom |
    sed -n 's/.*<pre id="probe">/<pre id="probe">/; /^<pre id="probe">/,$p' > "$work/out"
  # The one line that the probe itself logs: so others would be seen.
  if [ "$(grep -c CONSOLE "$work/err")" != 1 ] || ! grep -q 'CONSOLE.*probe done' "$work/err"; then
    fail "$1$2: the browser's console:"
  fi
}

# says NAME=VALUE...: the probe does.
says() {
  for line; do grep -Fxq -- "$line" "$work/out" || fail "not there: $line"; done
}

# What holds of all pages, at all widths.
harmless() {
  says loaded=0 images=0 scripts=0 alerts= errors= overflow=0 links=true
}

# colours PICTURE: how many different ones it has, "many" from 100 on. The browser decodes it.
colours() {
  {
    printf '<img id="picture" src="data:image/png;base64,'
    base64 -w 0 "$1"
    printf '"><script>onload = function () {
      var canvas = document.createElement("canvas");
      canvas.width = picture.width; canvas.height = picture.height;
      var context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0);
      var pixels = new Uint32Array(
          context.getImageData(0, 0, picture.width, picture.height).data.buffer);
      var count = new Set(pixels).size;
      document.body.textContent =
          picture.width + "x" + picture.height + " " + (count < 100 ? count : "many");
    };</script>'
  } > "$work/picture.html"
  browse "file://$work/picture.html" --dump-dom | sed 's/.*<body>//; s/<.*//'
}

# A real run: a driver whose counters are wrong, on a model that notices and on one that does not.
IXYLAB_MUTANT=counter_not_cleared_by_reading expect 1 '^report: .*/report.html$' run \
  --suite="$mutants" --target=model:82599 --target=model:virtio-net --report="$work/real" \
  --filter='BringUp.LinkComesUp:BringUp.MacAddressesAreValidAndDiffer:Counters.ResetForgetsWhatWasNeverRead:Threads.EachWithAPort'
last_line '5 passed, 1 failed, 2 skipped'
page=$work/real/report.html
look "$page" '' 1400
harmless
says rows=4 columns=3 failed=1 failed_text=FAILED skipped=2 'reason=the target is single-threaded' \
  failures=1 unfolded=1 search=1 head_top=0 found=BringUp.LinkComesUp 'background=rgb(255, 255, 255)'
grep -q '^assertion=tests/conformance/.*: Failure|' "$work/out" || fail "no assertion"
grep -Eq '^accesses=[1-9]' "$work/out" || fail "no register accesses"
grep -q 'class="name">RXMPC\[0\] 0x03FA0<' "$page" || fail "no register by its name"
look "$page" '#failed' 400
harmless
says rows=1 failed=1 skipped=0
look "$page" '#skipped' 1400
says rows=1 failed=0 skipped=2
look "$page" '#different' 1400
says rows=1 failed=1

for scheme in light dark; do
  [ $scheme = light ] && preferred=1 || preferred=0
  browse "file://$page" --window-size=1400,900 --blink-settings=preferredColorScheme="$preferred" \
    --screenshot="$work/$scheme.png" > /dev/null
  [ "$(colours "$work/$scheme.png")" = '1400x900 many' ] || fail "the picture is blank: $scheme"
done
cmp -s "$work/light.png" "$work/dark.png" && fail "there is no dark page"

# Whatever a test prints, the page shows it as text.
suite hostile <<'END'
long=$(printf 'x%.0s' {1..10000})
echo "[==========] Running 3 tests from 1 test suite."
echo "[ RUN      ] A.<img src=http://192.0.2.1/x onerror=alert(1)>"
printf '<script>alert(2)</script>]]>--></pre></style>\0\033[31m\377\303( &amp; "\n%s\n' "$long"
echo "a.cc:7: Failure"
echo '</script><script>alert(3)</script>'
echo "Last register accesses:"
echo "  1.0 ms  port 0  R  <b>CTRL</b> = <svg onload=alert(4)>"
echo "  no access at all"
echo "[  FAILED  ] A.<img src=http://192.0.2.1/x onerror=alert(1)> (1 ms)"
echo "[ RUN      ] A.Two"
echo "a.cc:9: Skipped"
echo "<script>alert(5)</script>"
echo "[  SKIPPED ] A.Two (0 ms)"
echo "[ RUN      ] $long"
echo "[       OK ] $long (1 ms)"
echo "[==========] 3 tests from 1 test suite ran. (3 ms total)"
exit 1
END
expect 1 '^report: ' run --suite="$work/hostile" --report="$work/bad"
for width in 1400 400; do
  look "$work/bad/report.html" '' $width
  harmless
  says rows=3 columns=2 failed=1 skipped=1 'reason=&lt;script&gt;alert(5)&lt;/script&gt;' accesses=2 \
    'assertion=a.cc:7: Failure|&lt;/script&gt;&lt;script&gt;alert(3)&lt;/script&gt;|'
  grep -Fq 'output=&lt;script&gt;alert(2)&lt;/script&gt;]]&gt;--&gt;&lt;/pre&gt;&lt;/style&gt;␀␛[31m��( &amp;amp; "|xxx' \
    "$work/out" || fail "the output is not what was printed"
done

# The page that compares two runs.
expect 1 'BringUp.LinkComesUp .* gone$' report compare "$work/real:model:82599" "$work/bad" \
  --html="$work/compare.html"
for width in 1400 400; do
  look "$work/compare.html" '' $width
  harmless
  says rows=7 columns=4
done

finish
