#!/bin/sh
# MariaDB 10.11.19 (Debian 12's packages of 2026-11-28): on a source whose commits wait for a semi-synchronous acknowledgement (AFTER_SYNC), SHOW MASTER
# STATUS waits as well, as soon as two commits do: the leader of the second group holds the lock of the binary log while it waits for the
# first group. It ends with rpl_semi_sync_master_timeout, after which the source goes on without replicas.
#
# Guessed: SHOW MASTER STATUS only reads a position and answers at once, whatever commits wait for; SHOW GLOBAL STATUS does.
# Seen, with a time-out of 4 s and three commits waiting: "SHOW GLOBAL STATUS took 10 ms, SHOW MASTER STATUS 3396 ms", what was left of the 4 s.
#
# So whoever repoints replicas after a failover must not look at the new source in this way first: it waits for the replicas that it keeps
# from connecting, until the source acknowledges alone. Needs Debian 12 on x86-64. Fails when that changes.
set -eu
version=${1:-1:10.11.19-0+deb12u1}
folder=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
chmod 755 .
mkdir debs root data
cd debs
for package in mariadb-server-core mariadb-client-core; do apt-get -qq -o APT::Sandbox::User=root download "$package=$version"; done
# Libraries that this machine may lack.
apt-get -qq -o APT::Sandbox::User=root download liburing2 libaio1 libnuma1 libsnappy1v5 libpmem1 libdaxctl1 libndctl6 libkmod2 libncurses6 libedit2 libmariadb3 libbsd0 libmd0
cd ..
for file in debs/*.deb; do dpkg-deb -x "$file" root; done
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH
mariadbd=$folder/root/usr/sbin/mariadbd
"$mariadbd" --version
as=$(id -un)
cat >my.cnf <<END
[mariadbd]
user=$as
datadir=$folder/data
lc_messages_dir=$folder/root/usr/share/mysql
socket=$folder/s
pid_file=$folder/pid
skip_networking
skip_grant_tables
log_bin=$folder/data/log
server_id=1
innodb_buffer_pool_size=16M
rpl_semi_sync_master_enabled=ON
rpl_semi_sync_master_timeout=4000
rpl_semi_sync_master_wait_point=AFTER_SYNC
rpl_semi_sync_master_wait_no_slave=ON
END
mkdir data/mysql
"$mariadbd" --defaults-file=my.cnf >server.log 2>&1 &
server=$!
ask() { "$folder/root/usr/bin/mariadb" --no-defaults --socket="$folder/s" --batch --skip-column-names -e "$1"; }
for _try in $(seq 100); do ask "SELECT 1" >/dev/null 2>&1 && break; sleep 0.2; done
ask "SET GLOBAL rpl_semi_sync_master_enabled=OFF; CREATE DATABASE d; CREATE TABLE d.t (i INT PRIMARY KEY) ENGINE=InnoDB; SET GLOBAL rpl_semi_sync_master_enabled=ON"
now() { date +%s%3N; }
commits=
for i in 1 2 3; do ask "INSERT INTO d.t VALUES ($i)" & commits="$commits $!"; sleep 0.2; done
begun=$(now); ask "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_wait_sessions'"; status=$(($(now) - begun))
begun=$(now); ask "SHOW MASTER STATUS"; position=$(($(now) - begun))
for one in $commits; do wait "$one"; done
echo "SHOW GLOBAL STATUS took $status ms, SHOW MASTER STATUS $position ms"
[ "$status" -lt 1000 ] && [ "$position" -gt 2000 ] || { echo "changed: expected less than 1000 and more than 2000 ms"; exit 1; }
