"""Random faults on the database machines of the lab, one at a time and two at once, until the time is over.

soak.py --minutes 30 [--seed 1] [--pause 1.0] JOURNAL: prints a line for each fault and writes them to JOURNAL, JSON with `faults` (what,
where) and `periods` (name, the fault's number; begin; end, when everybody was back). Ends with 1 when somebody was not back within
LEVEL_S; the faults so far are in the journal in any case. The ledger is somebody else's business: playbooks/lab/soak.yml.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
import time

PREFIX, MEMBERS = "failover-lab-", ("db1", "db2", "db3")
LEVEL_S = 180
CUT = "via=$(ip route show default); ip link set eth0 down; sleep %d; ip link set eth0 up; ip route add $via"


def run(*words):
    """docker with these words; what it printed."""
    return subprocess.run(("docker", *words), check=True, capture_output=True, text=True, timeout=120).stdout


def inside(member, command):
    return run("exec", PREFIX + member, "sh", "-c", command)


def signal(unit, number, last_s=0, then="CONT"):
    def fault(member):
        inside(member, "systemctl kill --signal=%s %s" % (number, unit))
        if last_s:
            time.sleep(last_s)
            # Whoever was frozen may have been killed and be under way again.
            inside(member, "systemctl kill --signal=%s %s || true" % (then, unit))
    return fault


def stopped(unit, last_s):
    def fault(member):
        inside(member, "systemctl stop " + unit)
        time.sleep(last_s)
        inside(member, "systemctl start " + unit)
    return fault


def dead(member):
    run("kill", PREFIX + member)
    time.sleep(6)
    run("start", PREFIX + member)


def frozen(member):
    run("pause", PREFIX + member)
    time.sleep(6)
    run("unpause", PREFIX + member)


def cut(member):
    inside(member, CUT % 6)


def cut_from_one(member):
    """Two members that do not reach each other, while everybody else reaches both."""
    other = random.choice([one for one in MEMBERS if one != member])
    place = inside(other, "ip -4 -oneline address show eth0").split()[3].split("/")[0]
    inside(member, "ip route add blackhole %s; sleep 6; ip route del blackhole %s" % (place, place))


FAULTS = {
    "server killed": signal("mariadb", "KILL"), "server frozen": signal("mariadb", "STOP", 5), "server stopped": stopped("mariadb", 4),
    "agent killed": signal("mysql-writer", "KILL"), "agent frozen": signal("mysql-writer", "STOP"),
    "etcd killed": signal("etcd", "KILL"), "etcd frozen": signal("etcd", "STOP", 5), "etcd stopped": stopped("etcd", 5),
    "machine dead": dead, "machine frozen": frozen, "machine cut off": cut, "cut off from one": cut_from_one}


def status(member):
    """What a member's agent told last; nothing of one that is away."""
    try:
        return json.loads(inside(member, "cat /run/mysql-writer/status.json"))
    except (ValueError, subprocess.SubprocessError):
        return {}


def writer():
    """The member that holds the lease once everybody else may acknowledge and has everything; None before that."""
    told = {name: status(name) for name in MEMBERS}
    views = [one.get("view") or {} for one in told.values()]
    names = {view.get("writer") for view in views}
    if len(names) != 1 or None in names or any(time.time() - one.get("at", 0) > 3 for one in told.values()):
        return None
    name = names.pop()
    level = told[name]["lease"] and all(views[0]["sync"].get(other, {}).get("whole") for other in MEMBERS if other != name)
    return name if level else None


def level(limit_s):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = writer()
        if found:
            return found
        time.sleep(0.3)
    return None


def chosen(dice, leads):
    """[(fault, member)]: the writer is hit every second time; every fifth time two things happen at once."""
    def one():
        return dice.choice(sorted(FAULTS)), leads if dice.random() < 0.5 else dice.choice([name for name in MEMBERS if name != leads])

    first = one()
    return [first] if dice.random() < 0.8 else [first, one()]


def strike(faults):
    """Does them all at once; those that could not be done, such as at a machine that another one had killed."""
    missed = []

    def one(what, member):
        try:
            FAULTS[what](member)
        except subprocess.SubprocessError as error:
            missed.append("%s at %s: %s" % (what, member, error))

    threads = [threading.Thread(target=one, args=fault) for fault in faults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return missed


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--minutes", type=float, default=30)
    given.add_argument("--seed", type=int, default=int(time.time()))
    given.add_argument("--pause", type=float, default=1.0)
    given.add_argument("journal")
    given = given.parse_args()
    dice, journal = random.Random(given.seed), {"faults": [], "periods": []}
    end = time.monotonic() + given.minutes * 60
    print("seed %d" % given.seed, flush=True)
    leads = level(LEVEL_S)
    while leads and time.monotonic() < end:
        faults, began = chosen(dice, leads), time.time()
        missed = strike(faults)
        if len(missed) == len(faults):
            print("nothing was broken: %s" % "; ".join(missed), flush=True)
            return 1
        before, leads = leads, level(LEVEL_S)
        journal["periods"].append({"name": str(len(journal["faults"])), "begin": began, "end": time.time()})
        journal["faults"].append({"writer": before, "next": leads, "faults": [
            {"what": what, "member": member, "writer": member == before} for what, member in faults]})
        with open(given.journal, "w", encoding="utf-8") as handle:
            json.dump(journal, handle)
        print("%3d %-60s %5.1f s, writer %s" % (
            len(journal["faults"]), " and ".join("%s at %s" % one for one in faults), time.time() - began,
            before if before == leads else "%s to %s" % (before, leads)), flush=True)
        time.sleep(dice.uniform(0.2, given.pause))
    if not leads:
        print("not everybody was back within %d s: %s" % (LEVEL_S, json.dumps({name: status(name) for name in MEMBERS})), flush=True)
    return 0 if leads else 1


if __name__ == "__main__":
    sys.exit(main())
