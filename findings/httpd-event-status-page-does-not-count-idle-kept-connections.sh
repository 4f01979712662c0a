#!/bin/sh
# Apache httpd 2.4.71 (Debian 12's packages of 2026-11-29), MPM event: the status page's ConnsTotal and ConnsAsyncKeepAlive are not what is
# connected now. Each process writes them when its listener happens to look through its queues, so a server with forty connections that
# clients keep open may say for seconds that it has none. Who waits for a zero there before a reload or a stop cuts them off.
#
# Guessed: the page counts when it is asked, or lags by the tenth of a second at which the listener wakes up.
# Seen: "40 connections in /proc/net/tcp, ConnsTotal 0, ConnsAsyncKeepAlive 0", in each of eight looks within two seconds.
#
# Count them in the kernel instead (ss, /proc/net/tcp). Needs Debian 12 and port 18089 of 127.0.0.1. Fails when that changes.
set -eu
version=${1:-2.4.71-1~deb12u1}
folder=$(mktemp -d)
finish() {
  if [ -s "$folder/pid" ]; then kill "$(cat "$folder/pid")"; sleep 1; fi
  rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
chmod 755 .
mkdir debs root
cd debs
apt-get -qq -o APT::Sandbox::User=root download "apache2-bin=$version"
apt-get -qq -o APT::Sandbox::User=root download libapr1 libaprutil1 libjansson4 liblua5.3-0 libnghttp2-14 libcurl4
cd ..
for file in debs/*.deb; do dpkg-deb -x "$file" root; done
cat >httpd.conf <<END
ServerRoot $folder/root/usr/lib/apache2
ServerName finding.invalid
Listen 127.0.0.1:18089
PidFile $folder/pid
ErrorLog $folder/error.log
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule status_module modules/mod_status.so
User nobody
Group nogroup
KeepAliveTimeout 30
<Location /status>
SetHandler server-status
</Location>
END
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu root/usr/sbin/apache2 -f "$folder/httpd.conf"
python3 - <<'END'
import http.client
import re
import sys
import time

PORT = 18089


def status():
    page = http.client.HTTPConnection("127.0.0.1", PORT)
    page.request("GET", "/status?auto", headers={"Connection": "close"})
    text = page.getresponse().read().decode()
    page.close()
    return {name: int(re.search(name + r": (\d+)", text)[1]) for name in ("ConnsTotal", "ConnsAsyncKeepAlive")}


def connected():
    """Of httpd's ends those that are established; the page's own connection is not among them."""
    lines = [line.split() for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]]
    return sum(line[1].endswith(":%04X" % PORT) and line[3] == "01" for line in lines)


for _attempt in range(50):
    try:
        status()
        break
    except OSError:
        time.sleep(0.1)
kept = []
for _number in range(40):
    client = http.client.HTTPConnection("127.0.0.1", PORT)
    client.request("GET", "/nothing")
    client.getresponse().read()
    kept.append(client)
wrong = 0
for _look in range(8):
    there, said = connected(), status()
    print("%d connections in /proc/net/tcp, ConnsTotal %d, ConnsAsyncKeepAlive %d" % (there, said["ConnsTotal"], said["ConnsAsyncKeepAlive"]))
    wrong += there == 40 and said["ConnsAsyncKeepAlive"] < 20
    time.sleep(0.25)
if wrong < 4:
    sys.exit("changed: the page counted them")
END
