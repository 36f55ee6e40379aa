#!/bin/sh
# Run one step of the set-up quietly: one line while it works, its time when done, the log's tail when it fails.
#
#     scripts/step.sh LOG "What is done" COMMAND...
set -u
log=$1 title=$2
shift 2
mkdir -p "$(dirname "$log")"
printf '  %s ...' "$title"
start=$(date +%s)
status=0
"$@" >"$log" 2>&1 </dev/null || status=$?
if [ "$status" -eq 0 ]; then
    printf ' %d s\n' $(($(date +%s) - start))
    exit 0
fi
printf ' FAILED\n'
{
    echo "------ the last lines of $log ------"
    tail -n 25 "$log"
    echo "------"
    echo "face3d: '$title' failed (exit code $status); the whole log is $log."
    if grep -qiE 'name resolution|connection (error|refused|timed out)|network is unreachable|ConnectTimeout|Max retries' "$log"; then
        echo "face3d: the Python package index could not be reached: check the network or the proxy settings."
    fi
    echo "face3d: run the same make command again to retry from this step; 'make clean' starts over."
} >&2
exit "$status"
