#!/usr/bin/env bash
# What action.yml runs: one command of fieldline, its result in the summary of the job.
set -uo pipefail

# Options as a shell reads them, without running anything that they hold: xargs knows quotes and nothing else.
options=()
while IFS= read -r -d '' option; do options+=("$option"); done \
  < <(printf '%s' "$FIELDLINE_ARGS" | tr '\n' ' ' | xargs -r printf '%s\0')

result=()
if [ "$FIELDLINE_COMMAND" = check ]; then
  result=(--junit "${RUNNER_TEMP:-/tmp}/fieldline.xml")
  [ -n "${GITHUB_STEP_SUMMARY:-}" ] && result+=(--markdown "${RUNNER_TEMP:-/tmp}/fieldline.md")
fi

npx --yes --package "$FIELDLINE_PACKAGE" fieldline "$FIELDLINE_COMMAND" --site "$FIELDLINE_SITE" \
  ${options[@]+"${options[@]}"} ${result[@]+"${result[@]}"}
code=$?
[ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "${RUNNER_TEMP:-/tmp}/fieldline.md" ] \
  && cat "${RUNNER_TEMP:-/tmp}/fieldline.md" >> "$GITHUB_STEP_SUMMARY"
[ -n "${GITHUB_OUTPUT:-}" ] && echo "exit-code=$code" >> "$GITHUB_OUTPUT"
exit $code
