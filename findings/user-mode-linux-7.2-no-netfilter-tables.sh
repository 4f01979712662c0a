#!/bin/sh
# Debian's user-mode-linux 7.2um1 (kernel 7.2.7, from sid on 2026-11-28) ships nf_tables.ko, nft_compat.ko and some sixty netfilter
# modules, ipvs among them, and yet no program can have a netfilter table for IPv4 or IPv6: nf_tables is built without the families ip, ip6,
# inet, arp and netdev, and the older interface of iptables is off as well. Only the family bridge is left.
#
# Guessed: with these modules `nft add table ip x` and `iptables -t mangle -N X` work, as with 6.1 (bookworm).
# Seen, booted with Debian 12's nft 1.0.6 and iptables 1.8.9 in it: "Error: Could not process rule: Operation not supported" for ip, inet and
# netdev, bridge works; "TABLE_ADD failed (Operation not supported): table mangle"; iptables-legacy: "Table does not exist".
#
# So whoever needs marks, redirection or a firewall in such a machine takes the older kernel, where the processor runs it.
# This looks into the package (its kernel carries its configuration) and fails when that changes.
set -eu
version=${1:-7.2um1}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p lists/partial cache/archives/partial
# The mirror that this machine's apt uses already.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)
keys=$(ls /usr/share/keyrings/debian-archive-keyring.gpg /etc/apt/trusted.gpg.d/debian-archive-*-automatic.gpg 2>/dev/null | head -n 1)
echo "deb [signed-by=$keys] $mirror sid main" >sources.list
apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$folder/lists" \
    -o Dir::Cache="$folder/cache" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root "$@"
}
apt update
apt download "user-mode-linux=$version"
dpkg-deb -x user-mode-linux_*.deb package
strings -n 8 package/usr/bin/linux.uml | grep -E '^(# )?CONFIG_(NF_TABLES|NFT_COMPAT|IP_VS|NETFILTER_XTABLES_LEGACY)' | sort -u >config
cat config

failed=0
expect() {
  grep -qx "$1" config || { echo "changed: '$1' is not in the kernel's configuration any more"; failed=1; }
}
expect 'CONFIG_NF_TABLES=m'
expect 'CONFIG_NFT_COMPAT=m'
expect 'CONFIG_NF_TABLES_BRIDGE=m'
for family in INET NETDEV IPV4 IPV6 ARP; do expect "# CONFIG_NF_TABLES_$family is not set"; done
expect '# CONFIG_NETFILTER_XTABLES_LEGACY is not set'
find package -name nf_tables.ko | grep -q . || { echo "changed: there is no nf_tables.ko any more"; failed=1; }
exit $failed
