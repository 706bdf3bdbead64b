#!/usr/bin/env bash
# A whole-cluster restore to a point in time, against a Postgres of its own in a temporary folder: base backup, WAL archive, rows before
# and after the instant, a machine that dies, recovery, and a backup with one changed byte that must be found. Says what it measured.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
home=$(mktemp -d)
user=$(id -un)
port=$((20000 + RANDOM % 20000))
as() { if [ "$user" = root ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
[ "$user" = root ] && chown postgres "$home"
end() { as "$bin/pg_ctl" -D "$home/data" -m immediate stop > /dev/null 2>&1 || true; rm -rf "$home"; }
trap end EXIT

as "$bin/initdb" -D "$home/data" -U postgres --auth=trust --data-checksums > /dev/null
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
sql() { psql -h 127.0.0.1 -p "$port" -U postgres -XAtqc "$1"; }
start
sql "create table word (id int primary key, text text); insert into word select n, md5(n::text) from generate_series(1, 100000) n"

as "$bin/pg_basebackup" -h 127.0.0.1 -p "$port" -U postgres -D "$home/base" --checkpoint fast --wal-method none --manifest-checksums SHA256
as "$bin/pg_verifybackup" --no-parse-wal -q "$home/base"
echo "ok   the backup is whole"

sql "insert into word select n, md5(n::text) from generate_series(100001, 150000) n"
sleep 1
instant=$(sql "select now()")
expected=$(sql "select count(*) || ' ' || md5(string_agg(text, '' order by id)) from word")
sleep 1
sql "delete from word where id % 2 = 0"
sql "select pg_switch_wal()" > /dev/null
for _ in $(seq 100); do [ "$(sql "select count(*) from pg_stat_archiver where last_archived_time > '$instant'")" = 1 ] && break; sleep 0.1; done

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

# One changed byte of the backup.
file=$(find "$home/base/base" -type f -size +100k | head -1)
byte=$(od -An -tu1 -j 70000 -N 1 "$file" | tr -d ' ')
printf "$(printf '\\x%02x' $((byte ^ 1)))" | dd of="$file" bs=1 seek=70000 conv=notrunc status=none
if as "$bin/pg_verifybackup" --no-parse-wal -q "$home/base" 2> /dev/null; then echo "FAIL the changed byte was not found"; exit 1; fi
echo "ok   a changed byte is found"
