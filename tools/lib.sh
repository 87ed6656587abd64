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
