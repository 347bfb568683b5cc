#!/usr/bin/env bash
# Runs a plan for a step of a job, and tells the job what came of it. For bash 3.2, which macOS has.
set -euo pipefail

work=$(mktemp -d "$RUNNER_TEMP/greenlight-run.XXXXXX")
report=$work/report.json
outputs=$work/outputs
command=(greenlight run --json --outputs "$outputs")
[ -z "${GREENLIGHT_ACTION_STAGE:-}" ] || command+=(--stage "$GREENLIGHT_ACTION_STAGE")
[ -z "${GREENLIGHT_ACTION_GREEN:-}" ] || command+=(--green "$GREENLIGHT_ACTION_GREEN")
[ -z "${GREENLIGHT_ACTION_BLUE:-}" ] || command+=(--blue "$GREENLIGHT_ACTION_BLUE")
while IFS= read -r var; do
  var=${var%$'\r'}
  [ -z "$var" ] || command+=(--var "$var")
done <<<"${GREENLIGHT_ACTION_VARS:-}"
[ "${GREENLIGHT_ACTION_SUMMARY:-true}" != true ] || command+=(--summary "$GITHUB_STEP_SUMMARY")
# What begins with a dash is a plan too.
[ -z "${GREENLIGHT_ACTION_PLAN:-}" ] || command+=(-- "$GREENLIGHT_ACTION_PLAN")

# The log quotes what green answers, and the runner obeys lines that begin with :: — but none before it reads this word again.
# All of it goes the one way that the runner reads in order.
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '::stop-commands::%s\n' "$word"
code=0
{ "${command[@]}" >"$report"; } 2>&1 || code=$?
printf '::%s::\n' "$word"

if [ -s "$outputs" ]; then
  printf 'report=%s\n' "$report" >>"$outputs"
else
  printf 'outcome=invalid\nsucceeded=false\nreason=%s\nreport=\n' "the plan or an input is wrong: the log of the step says what" >"$outputs"
fi
cat "$outputs" >>"$GITHUB_OUTPUT"
if [ "$code" -ne 0 ]; then
  reason=$(sed -n 's/^reason=//p' "$outputs")
  printf '::error title=greenlight::%s\n' "${reason//%/%25}"
  [ "$code" -ne 2 ] || [ "${GREENLIGHT_ACTION_SUMMARY:-true}" != true ] || printf '### ❌ greenlight: %s\n' "$reason" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
