#!/usr/bin/env bash
# A whole-cluster restore to a point in time, against a Postgres of its own in a temporary folder: base backup, WAL archive, rows before
# and after the instant, a machine that dies, recovery, and a backup with one changed byte that must be found. With `frontdesk` on the
# path and its settings around it, a company is in there too, is lost, and is back afterwards. Says what it measured.
set -euo pipefail
checkout=${CHECKOUT:-$(cd "$(dirname "$0")/../.." && pwd)}
bin=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | tail -1 || true)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)")
home=$(mktemp -d)
user=$(id -un)
# One that nobody listens on, below those that the system gives to connections.
while port=$((20000 + RANDOM % 12000)) && (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do :; done
as() { if [ "$user" = root ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$user" = root ] && chown postgres "$home"
end() {
    status=$?
    [ "$status" = 0 ] || tail -20 "$home/log" 2> /dev/null || true
    as "$bin/pg_ctl" -D "$home/data" -m immediate stop > /dev/null 2>&1 || true; rm -rf "$home"
}
trap end EXIT

as "$bin/initdb" -D "$home/data" -U postgres --auth=trust --data-checksums --locale=C.UTF-8 --encoding=UTF8 > /dev/null
as mkdir "$home/wal"
cat >> "$home/data/postgresql.conf" <<CONF
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$home'
wal_level = replica
archive_mode = on
archive_timeout = 60
archive_command = 'test ! -f $home/wal/%f && cp %p $home/wal/%f.part && sync $home/wal/%f.part && mv $home/wal/%f.part $home/wal/%f'
CONF
start() { as "$bin/pg_ctl" -D "$home/data" -w -t 60 -l "$home/log" start > /dev/null; }
ask() { "$bin/psql" -h 127.0.0.1 -p "$port" -U postgres -d "$1" -v ON_ERROR_STOP=1 -XAtqc "$2"; }
sql() { ask postgres "$1"; }
start
sql "create table word (id int primary key, text text); insert into word select n, md5(n::text) from generate_series(1, 100000) n"

# The program against this Postgres, as a role without a superuser's rights.
program() { DATABASE_URL="postgres://frontdesk:drill@127.0.0.1:$port/frontdesk" frontdesk "$@"; }
schema=
if command -v frontdesk > /dev/null; then
    FRONTDESK_DATABASE_PASSWORD=drill "$bin/psql" -h 127.0.0.1 -p "$port" -U postgres -d postgres -v ON_ERROR_STOP=1 -Xq \
        -f "$checkout/infra/deploy/postgres/init.sql" > /dev/null
    program migrate > /dev/null
    program demo seed > /dev/null
    schema=$(ask frontdesk "select schema_name from shared.account where status = 'active' order by created_at limit 1")
fi
# What is said in the company, as one word.
said() { ask frontdesk "select count(*) || ' ' || md5(string_agg(id::text || text, '' order by id)) from \"$schema\".message"; }

as "$bin/pg_basebackup" -h 127.0.0.1 -p "$port" -U postgres -D "$home/base" --checkpoint fast --wal-method none --manifest-checksums SHA256
as "$bin/pg_verifybackup" --no-parse-wal -q "$home/base"
echo "ok   the backup is whole"

sql "insert into word select n, md5(n::text) from generate_series(100001, 150000) n"
sleep 1
instant=$(sql "select now()")
expected=$(sql "select count(*) || ' ' || md5(string_agg(text, '' order by id)) from word")
[ -z "$schema" ] || expected_said=$(said)
sleep 1
sql "delete from word where id % 2 = 0"
[ -z "$schema" ] || ask frontdesk "drop schema \"$schema\" cascade" > /dev/null 2>&1
# What was archived last may be an earlier segment, late: the one that holds the instant, and something after it, has to be there.
segment=$(sql "select pg_walfile_name(pg_switch_wal())")
for _ in $(seq 600); do [ -f "$home/wal/$segment" ] && break; sleep 0.1; done
[ -f "$home/wal/$segment" ] || { echo "FAIL $segment was not archived"; exit 1; }

# The machine dies, and its disk with it.
as "$bin/pg_ctl" -D "$home/data" -m immediate stop > /dev/null
rm -rf "$home/data"
began=$(date +%s%N)
cp -a "$home/base" "$home/data"
cat >> "$home/data/postgresql.auto.conf" <<CONF
restore_command = 'cp $home/wal/%f %p'
recovery_target_time = '$instant'
recovery_target_action = 'promote'
CONF
as touch "$home/data/recovery.signal"
start
for _ in $(seq 300); do [ "$(sql "select pg_is_in_recovery()")" = f ] && break; sleep 0.1; done
found=$(sql "select count(*) || ' ' || md5(string_agg(text, '' order by id)) from word")
[ "$found" = "$expected" ] || { echo "FAIL restored $found, expected $expected"; exit 1; }
echo "ok   back at $instant with every row, in $((($(date +%s%N) - began) / 1000000)) ms"

if [ -n "$schema" ]; then
    [ "$(said)" = "$expected_said" ] || { echo "FAIL the company says $(said), expected $expected_said"; exit 1; }
    program migrate > /dev/null
    program tenant reapply-erasures > /dev/null
    program tenant audit-verify > /dev/null
    echo "ok   Frontdesk goes on there: $expected_said"
else
    echo "--   frontdesk is not on the path: Postgres alone was drilled"
fi

# One changed byte of the backup.
file=$(find "$home/base/base" -type f -size +100k -print -quit)
byte=$(od -An -tu1 -j 70000 -N 1 "$file" | tr -d ' ')
printf "$(printf '\\x%02x' $((byte ^ 1)))" | dd of="$file" bs=1 seek=70000 conv=notrunc status=none
if as "$bin/pg_verifybackup" --no-parse-wal -q "$home/base" 2> /dev/null; then echo "FAIL the changed byte was not found"; exit 1; fi
echo "ok   a changed byte is found"
