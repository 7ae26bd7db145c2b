#!/bin/sh
# ci_count.awk over the events of a run that has each kind of outcome.
set -eu
script=$1
cd "$TEST_TMPDIR"
mkdir -p 'a b'

configured() { echo "{\"id\":{\"targetConfigured\":{\"label\":\"$1\"}},\"children\":[],\"configured\":{\"targetKind\":\"$2 rule\"}}"; }
# result LABEL SHARD ATTEMPT STATUS MILLISECONDS XML
result() {
  echo "{\"id\":{\"testResult\":{\"label\":\"$1\",\"run\":1,\"shard\":$2,\"attempt\":$3,\"configuration\":{\"id\":\"f0\"}}},\"testResult\":{\"testActionOutput\":[{\"name\":\"test.log\",\"uri\":\"file:///no/test.log\"},{\"name\":\"test.xml\",\"uri\":\"file://$(pwd)/$6\"}],\"testAttemptDurationMillis\":\"$5\",\"status\":\"$4\"}}"
}
case_xml() { echo "    <testcase name=\"$1\" status=\"${2:-run}\" result=\"${3:-completed}\" time=\"0\" classname=\"A\""; }

{
  echo '<testsuites tests="4" failures="1" disabled="1"><testsuite name="A">'
  case_xml Good; echo '/>'
  case_xml Disabled notrun suppressed; echo '/>'
  case_xml Skipped run skipped
  echo '><skipped message="why"><![CDATA[why]]></skipped></testcase>'
  case_xml Bad
  echo '><failure message="&lt;testcase "><![CDATA[two <testcase name="x"><failure '
  echo ' lines <testcase ]]></failure></testcase>'
  echo '</testsuite></testsuites>'
} > mixed.xml
{ case_xml Good; echo '/>'; case_xml Skipped run skipped; echo '><skipped message=""/></testcase>'; } > 'a b/good.xml'
echo '<testsuite><testcase name="x" status="run"><error message="exited with error code 1"></error></testcase><system-out><![CDATA[<testcase ]]></system-out></testsuite>' > crashed.xml

{
  echo '{"id":{"started":{}},"started":{"uuid":"testResult"}}'
  for label in good mixed crashed leaks flaky sharded silent; do configured //x:$label cc_test; done
  configured //x:script sh_test
  echo '{"id":{"targetCompleted":{"label":"//x:good"}},"children":[{"testResult":{"label":"//x:good","run":1}}]}'
  result //x:good 1 1 PASSED 12 a%20b/good.xml
  result //x:mixed 1 1 FAILED 34 mixed.xml
  result //x:crashed 1 1 FAILED 1 crashed.xml
  result //x:leaks 1 1 FAILED 1 a%20b/good.xml
  result //x:flaky 1 1 FAILED 1 crashed.xml
  result //x:flaky 1 2 PASSED 2 a%20b/good.xml
  result //x:sharded 1 1 TIMEOUT 3000 none.xml
  result //x:sharded 2 1 PASSED 4 a%20b/good.xml
  echo '{"id":{"testResult":{"label":"//x:silent","run":1,"shard":1,"attempt":1}},"testResult":{"status":"NO_STATUS"}}'
  result //x:script 1 1 PASSED 5 mixed.xml
} > events

cat > expected <<'EOF'
12 1 0 1 PASSED //x:good
34 1 1 2 FAILED //x:mixed
1 0 1 0 FAILED //x:crashed
1 0 1 1 FAILED //x:leaks
2 1 0 1 PASSED //x:flaky
3004 1 1 1 TIMEOUT //x:sharded
0 0 1 0 NO_STATUS //x:silent
5 1 0 0 PASSED //x:script
EOF
awk -f "$OLDPWD/$script" events | diff expected -
echo 'all as expected'
