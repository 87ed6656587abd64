# Stages of .ci/run and tools/ci-full: each announces itself, is timed, and adds to the last line.
# Sourced from the top folder, never run.
. tools/lib.sh

# Where ccache is installed, what one clone has compiled serves the next one.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

stages_passed=0
stages_failed=0
stages_log=$(mktemp)
stages_report=()
trap 'rm -f "$stages_log"' EXIT

# stage NAME prepare|count COMMAND...
#   prepare: the command must succeed, or nothing after it makes sense: one failure and the end.
#   count: the command's last line is `N passed, N failed`.
stage() {
    local name=$1 kind=$2 started=$SECONDS code last passed=0 failed=0
    shift 2
    printf '\n######## %s (at %d s)\n' "$name" "$SECONDS"
    set +e  # around the pipeline only; within it the first failure ends the stage
    (set -e; "$@") 2>&1 | tee "$stages_log"
    code=${PIPESTATUS[0]}
    set -e
    if [ "$kind" = count ]; then
        last=$(tail -n 1 "$stages_log")
        if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
            passed=${BASH_REMATCH[1]}
            failed=${BASH_REMATCH[2]}
        fi
    fi
    if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    if [ "$kind" = count ] && [ $((passed + failed)) -eq 0 ]; then failed=1; fi
    stages_passed=$((stages_passed + passed))
    stages_failed=$((stages_failed + failed))
    stages_report+=("$(printf '%5d s  %6d passed  %4d failed  %s' \
        $((SECONDS - started)) "$passed" "$failed" "$name")")
    printf '######## %s: exit code %d after %d s\n' "$name" "$code" $((SECONDS - started))
    if [ "$kind" = prepare ] && [ "$code" -ne 0 ]; then finish; fi
}

finish() {
    printf '\n######## %d s in all\n' "$SECONDS"
    printf '%s\n' "${stages_report[@]}"
    printf '%d passed, %d failed\n' "$stages_passed" "$stages_failed"
    [ "$stages_failed" -eq 0 ] && [ "$stages_passed" -gt 0 ] || exit 1
    exit 0
}

# build_sanitized FOLDER SANITIZERS [OPTION...]
build_sanitized() {
    local folder=$1 sanitizers=$2
    shift 2
    configure_clang "$folder" -Db_sanitize="$sanitizers" -Db_lundef=false -Dperf=false \
        -Doptimization=1 "$@"
    build "$folder"
}

# run_tests FOLDER
run_tests() {
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:report_thread_leaks=0
    python3 -u tools/run_tests.py --build "$1"
}
