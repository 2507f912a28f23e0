#!/usr/bin/env bash
# What action.yml runs: one command of fieldline, its result in the summary of the job.
set -uo pipefail

folder="${RUNNER_TEMP:-/tmp}"

finish() {
  [ -n "${GITHUB_OUTPUT:-}" ] && echo "exit-code=$1" >> "$GITHUB_OUTPUT"
  exit "$1"
}
misuse() {
  echo "::error title=fieldline::$1"
  finish 2
}

# GitHub does not look whether required inputs are there, and a secret that the job may not read is empty.
[ -n "${FIELDLINE_URL:-}" ] || misuse 'The input url is empty: give the address of your worker.'
[ -n "${FIELDLINE_TOKEN:-}" ] || misuse 'The input token is empty. Pull requests of forks get no secrets.'
case "${FIELDLINE_COMMAND:-}" in
  check | deploy) ;;
  *) misuse "The input command must be check or deploy, not ${FIELDLINE_COMMAND:-empty}." ;;
esac

# Options as a shell reads them, without running anything that they hold: xargs knows quotes and nothing else.
split() { printf '%s' "${FIELDLINE_ARGS:-}" | tr '\n' ' ' | xargs -r printf '%s\0'; }
split > /dev/null 2>&1 || misuse "The input args has a quote that is not closed: $FIELDLINE_ARGS"
options=()
while IFS= read -r -d '' option; do options+=("$option"); done < <(split)

# The file that an option names, which may be among those given.
file_of() {
  local found='' before=''
  for option in ${options[@]+"${options[@]}"}; do
    [ "$before" = "$1" ] && found=$option
    case "$option" in "$1="*) found=${option#*=} ;; esac
    before=$option
  done
  printf '%s' "$found"
}

markdown='' junit=''
if [ "$FIELDLINE_COMMAND" = check ]; then
  markdown=$(file_of --markdown) junit=$(file_of --junit)
  [ -n "$markdown" ] || { markdown="$folder/fieldline.md"; options+=(--markdown "$markdown"); }
  [ -n "$junit" ] || { junit="$folder/fieldline.xml"; options+=(--junit "$junit"); }
  # What a step before has left is no result of this one.
  rm -f -- "$markdown" "$junit"
fi
# A read token knows its own site.
[ -n "${FIELDLINE_SITE:-}" ] && options+=(--site "$FIELDLINE_SITE")

npx --yes --package "${FIELDLINE_PACKAGE:-fieldline}" fieldline "$FIELDLINE_COMMAND" ${options[@]+"${options[@]}"}
code=$?
[ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$markdown" ] && cat -- "$markdown" >> "$GITHUB_STEP_SUMMARY"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
  [ -f "$markdown" ] && echo "markdown=$markdown" >> "$GITHUB_OUTPUT"
  [ -f "$junit" ] && echo "junit=$junit" >> "$GITHUB_OUTPUT"
fi
finish "$code"
