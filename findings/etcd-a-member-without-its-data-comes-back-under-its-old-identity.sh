#!/bin/sh
# etcd 3.4.23 (Debian 12's package of 2026-11-29): a member whose data are gone, and that is started with ETCD_INITIAL_CLUSTER_STATE=existing,
# the value that guides say to leave in the configuration, fetches the members from the others and finds its own entry by its address. As long
# as the leader is the one that had it before, it ends in a panic at each start ("tocommit is out of range"). After an election it goes on under
# the identity it had, with an empty log. It has forgotten what it confirmed and whom it voted for: two such members in three may elect a leader
# that lacks what was confirmed. 3.5.16 (Debian 13) does the same.
#
# Guessed: it is refused, since the cluster knows that it had data, or it counts as a new member.
# Seen, three members on loopback, the third without its data, the lead moved meanwhile: "the same identity: yes".
#
# So the unit of a member must not start without data, and a member that lost them is taken out and added as a new one. Needs Debian 12, the
# ports 24701 to 24706 of 127.0.0.1 and some ten seconds. Fails when that changes.
set -eu
version=${1:-3.4.23-4+b4}
folder=$(mktemp -d)
one=
two=
three=
finish() {
  for server in $three $two $one; do kill "$server" 2>/dev/null || true; done
  for server in $three $two $one; do wait "$server" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download "etcd-server=$version"
dpkg-deb -x etcd-server_*.deb root
cluster=one=http://127.0.0.1:24704,two=http://127.0.0.1:24705,three=http://127.0.0.1:24706
member() { # NAME CLIENT-PORT PEER-PORT STATE
  exec root/usr/bin/etcd --name "$1" --data-dir "$1.data" --listen-client-urls "http://127.0.0.1:$2" \
    --advertise-client-urls "http://127.0.0.1:$2" --listen-peer-urls "http://127.0.0.1:$3" \
    --initial-advertise-peer-urls "http://127.0.0.1:$3" --initial-cluster "$cluster" --initial-cluster-state "$4" >>"$1.log" 2>&1
}
ask() { # CLIENT-PORT PATH BODY
  curl -sf -d "$3" "http://127.0.0.1:$1/v3/$2"
}
identity() { # CLIENT-PORT
  for _ in $(seq 40); do
    if ask "$1" maintenance/status '{}' | grep -o '"member_id":"[0-9]*"' | grep -o '[0-9]*'; then return; fi
    sleep 0.25
  done
  tail -n 5 three.log >&2
  echo none
}
member one 24701 24704 new & one=$!
member two 24702 24705 new & two=$!
member three 24703 24706 new & three=$!
before=$(identity 24703)
kill -9 "$three"
wait "$three" 2>/dev/null || true
rm -rf three.data
# One of them is the leader.
ask 24701 maintenance/transfer-leadership "{\"targetID\": \"$(identity 24702)\"}" >/dev/null ||
  ask 24702 maintenance/transfer-leadership "{\"targetID\": \"$(identity 24701)\"}" >/dev/null
sleep 1
member three 24703 24706 existing & three=$!
after=$(identity 24703)
same=no
[ "$before" != "$after" ] || same=yes
echo "the same identity: $same"
[ "$same" = yes ]
