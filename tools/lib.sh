# Shared by the scripts beside it; sourced, never run. They all start in the top folder.

step() { printf '\n== %s\n' "$*"; }
fail() { printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# configure DIR [MESON ARGUMENTS]: nothing when it is configured already (ninja notices changes).
configure() {
    local directory=$1
    shift
    if [ -f "$directory/build.ninja" ]; then return; fi
    step "configuring $directory"
    meson setup "$directory" "$@" </dev/null
}

# configure_clang DIR [MESON ARGUMENTS]: the same with clang 19.
configure_clang() {
    local directory=$1 native=(--native-file tools/native/clang.ini)
    shift
    if command -v ccache >/dev/null; then native+=(--native-file tools/native/clang-ccache.ini); fi
    configure "$directory" "${native[@]}" "$@"
}

# build DIR [TARGETS]
build() {
    local directory=$1
    shift
    step "building $directory"
    ninja -C "$directory" -j "${RW_JOBS:-$(nproc)}" "$@" </dev/null
}

# ---- Debian packages ----------------------------------------------------------------------------

# Services that an installation must neither start nor leave to be started at boot: SERVICE, or
# SERVICE=PACKAGE where the package bears another name.
held_services=()

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
need_root() {
    if [ "${#as_root[@]}" -gt 0 ] && ! command -v sudo >/dev/null; then
        fail "installing packages needs root: run this as root, or install sudo"
    fi
}
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

missing_packages() {
    local package
    for package in "$@"; do
        if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            printf '%s\n' "$package"
        fi
    done
}

# While servers are installed, a policy file answers 101 ("do not") to every service start. One
# that was there before is put aside and comes back, also after an interruption.
policy=/usr/sbin/policy-rc.d
policy_saved=/usr/sbin/policy-rc.d.before-ringway
policy_mark='put here by ringway tools/bootstrap'
hold_services() {
    release_services
    if [ -e "$policy" ] || [ -L "$policy" ]; then "${as_root[@]}" mv "$policy" "$policy_saved"; fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
}
release_services() {
    if grep -qs "$policy_mark" "$policy"; then "${as_root[@]}" rm -f "$policy"; fi
    if [ -e "$policy_saved" ] || [ -L "$policy_saved" ]; then
        "${as_root[@]}" mv -f "$policy_saved" "$policy"
    fi
}

# Services that this run has installed do not start with the machine either.
disable_services() {
    local held service package
    command -v systemctl >/dev/null || return 0
    for held in "${held_services[@]}"; do
        service=${held%%=*}
        for package in "$@"; do
            [ "${held##*=}" = "$package" ] || continue
            step "packages: $service.service will not be started at boot"
            "${as_root[@]}" systemctl disable --quiet "$service.service" </dev/null || true
        done
    done
}

# Two installations at once would fight over the policy file.
lock() {
    exec 9>"${TMPDIR:-/tmp}/ringway-bootstrap.$(id -u).lock"
    if command -v flock >/dev/null; then flock 9; fi
}

# install_packages PACKAGE...: those that are missing, without questions; `step` says what happens.
install_packages() {
    local missing
    if grep -qs "$policy_mark" "$policy"; then
        step "packages: waiting for another bootstrap, or putting in order what one has left"
        lock
        release_services
    fi
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" -eq 0 ]; then
        step "packages: all $# are installed"
        return
    fi
    step "packages: ${#missing[@]} of $# are missing: ${missing[*]}"
    command -v apt-get >/dev/null || fail "there is no apt-get here"
    need_root
    lock
    step "packages: refreshing the package lists"
    apt update
    step "packages: installing"
    trap release_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ "${#held_services[@]}" -gt 0 ]; then hold_services; fi
    apt install --no-install-recommends "${missing[@]}" 9>&-
    release_services
    trap - EXIT INT TERM
    exec 9>&-
    if [ "${#held_services[@]}" -gt 0 ]; then disable_services "${missing[@]}"; fi
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -eq 0 ] || fail "still missing: ${missing[*]}"
    step "packages: installed"
}
