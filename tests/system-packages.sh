# Installs what the tests need beyond Python, where this machine can. A part that is missing skips its tests with a reason.
set -u
missing=""
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || command -v initdb >/dev/null || missing="$missing postgresql"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v chromium >/dev/null || missing="$missing chromium"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "not installed (no apt-get here):$missing; the tests that need them will say so and skip"
    exit 0
fi
run=""
[ "$(id -u)" = 0 ] || run="sudo -n"
echo "installing:$missing"
log=$(mktemp)
if ! { $run apt-get update -qq && DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -5 "$log"
    echo "could not install:$missing; the tests that need them will say so and skip"
fi
rm -f "$log"
