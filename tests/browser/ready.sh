# What the browser's scripts need: npm's packages, again only when the list has changed, and a
# binary. To be sourced at the root of the checkout.

ready() {
    local folder=$PWD/target/browser wanted tool
    for tool in node npm chromium; do
        command -v "$tool" >/dev/null || {
            printf 'tests/browser: %s is missing\n' "$tool" >&2
            exit 1
        }
    done
    wanted=$(cat tests/browser/package*.json | sha256sum)
    if [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ]; then
        mkdir -p "$folder"
        cp tests/browser/package*.json "$folder"
        npm ci --prefix "$folder" --no-audit --no-fund --ignore-scripts --silent
        printf '%s\n' "$wanted" >"$folder/installed"
    fi
    export BROWSER_PACKAGES=$folder
    if [ -z "${CROSSFADE_BIN:-}" ]; then
        cargo build --quiet --locked
        CROSSFADE_BIN=${CARGO_TARGET_DIR:-target}/debug/crossfade
    fi
    CROSSFADE_BIN=$(realpath "$CROSSFADE_BIN")
    export CROSSFADE_BIN
}
