"""lead.py [MEMBER]: on a machine with a member of etcd, by its JSON gateway. Prints who leads; with MEMBER that one leads afterwards."""

import json
import re
import ssl
import sys
import time
import urllib.request

CONTEXT = ssl.create_default_context(cafile="/etc/etcd/tls/ca.pem")


def ask(at, path, **body):
    request = urllib.request.Request("%s/v3/%s" % (at, path), json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5, context=CONTEXT) as answer:
        return json.load(answer)


def main(wanted=""):
    with open("/etc/etcd/failover.env", encoding="utf-8") as handle:
        own = re.search("^ETCD_ADVERTISE_CLIENT_URLS=(.*)$", handle.read(), re.M).group(1)
    members = {one["ID"]: one for one in ask(own, "cluster/member/list")["members"]}
    leader = ask(own, "maintenance/status").get("leader")
    for number, one in members.items():
        if one["name"] == wanted and number != leader:
            ask(members[leader]["clientURLs"][0], "maintenance/transfer-leadership", targetID=number)
    while wanted and members.get(ask(own, "maintenance/status").get("leader"), {}).get("name") != wanted:
        time.sleep(0.01)
    print(wanted or members[leader]["name"])


if __name__ == "__main__":
    main(*sys.argv[1:])
