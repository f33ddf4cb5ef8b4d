# What the benches share: an instance of its own that goes with the script, its database, and the program.
#   name=...  before this is read: the instance is var/$name
#   COMPLAINTS=100000 ROUNDS=3 LATENCY_S=10
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
dir=$PWD/var/$name
build=${BUILD:-build/release}

end_instance() {
    deploy/instance stop "$dir" >/dev/null 2>&1 || :
    deploy/private-postgres remove "$dir/pg" >/dev/null 2>&1 || :
}

start_instance() {
    deploy/instance start "$dir" --big >/dev/null
    . "$dir/where"
}

say() {
    echo "$*" >&2
}

sql() {
    PGOPTIONS="-c client_min_messages=warning" psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --tuples-only --no-align --dbname="$database" "$@"
}

run_bench() {
    "$build/tests/bench/bench" --database "$database" --publish "$publish" --feed "$feed" \
        --samples tests/samples/complaints.jsonl --complaints "${COMPLAINTS:-100000}" --rounds "${ROUNDS:-3}" \
        --latency "${LATENCY_S:-10}" --daemons "$(cat "$dir"/*.pid)"
}

# The value of key $1 among the `key=value` of $2.
figure() {
    sed -n "s/^\(.* \)\?$1=\([0-9.]*\).*/\2/p" <<<"$2"
}

end_instance
trap end_instance EXIT
start_instance
