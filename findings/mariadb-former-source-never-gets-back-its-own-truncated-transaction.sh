#!/bin/sh
# MariaDB 10.11.19 (Debian 12's package of 2026-11-30), semi-synchronous replication AFTER_SYNC with GTIDs in strict mode: a source is killed
# while a commit waits for its replica, which has it. Started with init_rpl_role=SLAVE it takes that transaction back ("Successfully
# truncated binlog file"), as documented, and is made a replica of the other by MASTER_USE_GTID=slave_pos, MASTER_DEMOTE_TO_SLAVE=1. It asks
# for what comes after the transaction before, is sent its own transaction, and drops it without a word, since it has its own server id: it
# lacks the row for ever while both threads run without an error and its position is level. With rpl_semi_sync_slave_enabled=ON before the
# receiver starts the row arrives: only then are events of its own id accepted.
#
# Guessed: a replica gets whatever comes after the GTID that it asks for.
# Seen: "not acknowledging: rows 1 2 4; acknowledging: rows 1 2 3 4", both threads running without an error each time.
#
# So a former source that was recovered as a replica has to acknowledge from its first moment on. Needs Debian 12 on x86-64, the ports 24711 and
# 24712 of 127.0.0.1 and half a minute. Fails when that changes.
set -eu
version=${1:-1:10.11.19-0+deb12u1}
folder=$(mktemp -d)
one=
two=
finish() {
  for server in $one $two; do kill -KILL "$server" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
chmod 755 .
mkdir debs root
cd debs
for package in mariadb-server mariadb-server-core mariadb-client mariadb-client-core; do
  apt-get -qq -o APT::Sandbox::User=root download "$package=$version"
done
# Libraries that this machine may lack.
apt-get -qq -o APT::Sandbox::User=root download libaio1 libnuma1 libsnappy1v5 libpmem1 libdaxctl1 libndctl6 libkmod2 libncurses6 libedit2 libmariadb3 \
  libbsd0 libmd0 liburing2
cd ..
for file in debs/*.deb; do dpkg-deb -x "$file" root; done
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu
PATH=$folder/root/usr/bin:$folder/root/usr/sbin:$PATH
export LD_LIBRARY_PATH PATH
mariadbd --version
as=$(id -un)
ask() { mariadb --no-defaults --user=root --socket="$folder/$1.sock" --batch --skip-column-names -e "$2"; }
start() {
  name=$1
  shift
  mariadbd --defaults-file="$name.cnf" "$@" >>"$name.log" 2>&1 &
  eval "$name=$!"
  for _try in $(seq 150); do
    ask "$name" "SELECT 1" >/dev/null 2>&1 && return
    sleep 0.2
  done
  tail -n 20 "$name.log"
  exit 1
}
until_true() {
  for _try in $(seq 100); do
    [ "$(ask "$1" "$2" 2>/dev/null)" = "$3" ] && return
    sleep 0.1
  done
  echo "$1: $2 is not $3 but: $(ask "$1" "$2")"
  exit 1
}
# Writes rows 1 to 3 on the first, which is killed while row 3 waits; row 4 on the second; prints what the first has in the end.
round() {
  for name in one two; do
    [ "$name" = one ] && number=1 || number=2
    rm -rf "$name" && mkdir "$name"
    cat >$name.cnf <<END
[mariadbd]
user=$as
datadir=$folder/$name
lc_messages_dir=$folder/root/usr/share/mysql
character_sets_dir=$folder/root/usr/share/mysql/charsets
plugin_dir=$folder/root/usr/lib/mysql/plugin
socket=$folder/$name.sock
pid_file=$folder/$name.pid
bind_address=127.0.0.1
port=2471$number
server_id=$number
log_bin=$folder/$name/bin
log_slave_updates=ON
gtid_strict_mode=ON
sync_binlog=1
innodb_buffer_pool_size=16M
rpl_semi_sync_master_wait_point=AFTER_SYNC
rpl_semi_sync_master_timeout=600000
END
    "$folder/root/usr/bin/mariadb-install-db" --defaults-file="$name.cnf" --basedir="$folder/root/usr" --builddir= \
      --auth-root-authentication-method=normal >install.log 2>&1 || { cat install.log; exit 1; }
    start "$name"
    ask "$name" "RESET MASTER"
  done
  ask one "CREATE USER r@'127.0.0.1'; GRANT REPLICATION SLAVE ON *.* TO r@'127.0.0.1'; CREATE DATABASE d; CREATE TABLE d.t (i INT PRIMARY KEY)"
  ask two "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=24711, MASTER_USER='r', MASTER_USE_GTID=slave_pos; START SLAVE"
  ask one "INSERT INTO d.t VALUES (1), (2)"
  until_true two "SELECT COUNT(*) FROM d.t" 2
  # It receives, and acknowledges nothing: the commit waits, and the replica has the row.
  ask one "SET GLOBAL rpl_semi_sync_master_enabled = ON"
  (ask one "INSERT INTO d.t VALUES (3)" >/dev/null 2>&1 || true) &
  until_true two "SELECT COUNT(*) FROM d.t" 3
  kill -KILL "$one"
  wait "$one" 2>/dev/null || true
  ask two "STOP SLAVE; RESET SLAVE ALL; INSERT INTO d.t VALUES (4)"
  start one --init-rpl-role=SLAVE
  grep -q "Successfully truncated binlog file" one.log || { echo "nothing was taken back"; exit 1; }
  : >one.log
  ask one "SET GLOBAL rpl_semi_sync_slave_enabled = $1; CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=24712, MASTER_USER='r',
    MASTER_USE_GTID=slave_pos, MASTER_DEMOTE_TO_SLAVE=1; START SLAVE"
  until_true one "SELECT COUNT(*) FROM d.t WHERE i = 4" 1
  sleep 1
  errors=$(ask one "SHOW SLAVE STATUS" | cut -f 11,12,19)
  position=$(ask one "SELECT @@gtid_binlog_pos")
  [ "$position" = "$(ask two "SELECT @@gtid_binlog_pos")" ] || { echo "it is not level: $position"; exit 1; }
  ask one "SELECT GROUP_CONCAT(i ORDER BY i SEPARATOR ' ') FROM d.t"
  echo "$errors" >&2
  kill -KILL "$one" "$two"
  wait "$one" "$two" 2>/dev/null || true
}
round OFF >off 2>state
round ON >on 2>>state
seen="not acknowledging: rows $(tail -n 1 off); acknowledging: rows $(tail -n 1 on)"
echo "$seen"
cat state
[ "$seen" = "not acknowledging: rows 1 2 4; acknowledging: rows 1 2 3 4" ]
