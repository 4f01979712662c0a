#!/bin/sh
# MariaDB 10.11.19 with Galera 26.4 (Debian 12's packages of 2026-11-29): the donor's side of wsrep_sst_mariabackup sleeps for ten seconds
# before each copy, whatever its size and however idle the machines are; no setting shortens it. A donor copies to one joiner at a time, so
# a new cluster of three needs more than twenty seconds of sleep.
#
# Guessed: the copy of a nearly empty server begins when the joiner listens, and takes a second or two on one machine.
# Seen, two members on loopback: "from 'mariabackup SST started on donor' to 'completed on donor' 10 s, of it before the transfer 10 s".
#
# So let members of a new cluster join while something else is done. Needs Debian 12 on x86-64, the ports 45671 to 45682 of 127.0.0.1 and
# about a minute. Fails when that changes.
set -eu
version=${1:-1:10.11.19-0+deb12u1}
folder=$(mktemp -d)
one=
two=
finish() {
  for server in $two $one; do kill "$server" 2>/dev/null || true; done
  for server in $two $one; do wait "$server" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
chmod 755 .
mkdir debs root one two
cd debs
for package in mariadb-server mariadb-server-core mariadb-client mariadb-client-core mariadb-backup; do
  apt-get -qq -o APT::Sandbox::User=root download "$package=$version"
done
# Libraries and tools that this machine may lack.
apt-get -qq -o APT::Sandbox::User=root download galera-4 socat lsof rsync iproute2 libtirpc3 libmnl0 libbpf1 libelf1 libcap2 libxtables12 libwrap0 \
  libpopt0 liburing2 libaio1 libnuma1 libsnappy1v5 libpmem1 libdaxctl1 libndctl6 libkmod2 libncurses6 libedit2 libmariadb3 libbsd0 libmd0
cd ..
for file in debs/*.deb; do dpkg-deb -x "$file" root; done
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu
PATH=$folder/root/usr/bin:$folder/root/usr/sbin:$folder/root/bin:$folder/root/sbin:$PATH
export LD_LIBRARY_PATH PATH
mariadbd --version
as=$(id -un)
for name in one two; do
  # The last digit of all ports of a member.
  last=$([ $name = one ] && echo 1 || echo 2)
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
port=4568$last
binlog_format=ROW
innodb_autoinc_lock_mode=2
innodb_buffer_pool_size=16M
wsrep_on=ON
wsrep_provider=$folder/root/usr/lib/galera/libgalera_smm.so
wsrep_provider_options="gmcast.listen_addr=tcp://127.0.0.1:4567$last; ist.recv_addr=127.0.0.1:4567$((last + 4)); gcache.size=8M"
wsrep_cluster_name=finding
wsrep_cluster_address=gcomm://$([ $name = one ] || echo 127.0.0.1:45671)
wsrep_node_name=$name
wsrep_node_address=127.0.0.1
wsrep_sst_method=mariabackup
wsrep_sst_auth=copy:copy
wsrep_sst_receive_address=127.0.0.1:45679
END
  "$folder/root/usr/bin/mariadb-install-db" --defaults-file="$name.cnf" --basedir="$folder/root/usr" --builddir= --auth-root-authentication-method=normal \
    --wsrep-on=OFF >install.log 2>&1 || { cat install.log; exit 1; }
done
ask() { mariadb --no-defaults --user=root --socket="$folder/$1.sock" --batch --skip-column-names -e "$2"; }
synced() {
  for _try in $(seq 120); do
    [ "$(ask "$1" "SHOW STATUS LIKE 'wsrep_local_state_comment'" 2>/dev/null | cut -f2)" = Synced ] && return
    sleep 0.5
  done
  cat "$folder"/*.log; echo "member $1 was not Synced in a minute"; exit 1
}
mariadbd --defaults-file=one.cnf --wsrep-new-cluster >one.log 2>&1 &
one=$!
synced one
ask one "CREATE USER copy@localhost IDENTIFIED BY 'copy'; GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, REPLICA MONITOR ON *.* TO copy@localhost"
mariadbd --defaults-file=two.cnf >two.log 2>&1 &
two=$!
synced two
# Lines like: WSREP_SST: [INFO] mariabackup SST started on donor (20261129 01:24:28.966)
at() { sed -n "s/.*\[INFO\] $1.*(\([0-9]*\) \([0-9:]*\)\.[0-9]*).*/\1 \2/p" one.log | head -1; }
seconds() { date -d "$1" +%s; }
begun=$(seconds "$(at 'mariabackup SST started on donor')")
slept=$(seconds "$(at 'Sleeping before data transfer')")
streamed=$(seconds "$(at 'Streaming the backup to joiner')")
ended=$(seconds "$(at 'mariabackup SST completed on donor')")
echo "from 'mariabackup SST started on donor' to 'completed on donor' $((ended - begun)) s, of it before the transfer $((streamed - slept)) s"
[ $((streamed - slept)) -ge 9 ] || { echo "changed: expected ten seconds of sleep"; exit 1; }
