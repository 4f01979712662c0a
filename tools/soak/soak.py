"""Random faults in the lab, one at a time and two at once, until the time is over.

soak.py --minutes 30 [--seed 1] [--pause 1.0] LAB JOURNAL: LAB is JSON with `prefix` of the machines' containers, `groups` (hosts by tier,
those that are broken), `ssh` and `addresses` (faults.Lab), and `status`, a command that ends with 0 when everybody is well; empty, the
databases alone are waited for.
Prints a line for each fault and writes them to JOURNAL, JSON with `faults` (what, where) and `periods` (name, the fault's number; begin;
end, when everybody was back). Ends with 1 when somebody was not back within LEVEL_S; the faults so far are in the journal in any case.
Who writes and looks is somebody else's business: playbooks/lab/soak.yml.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import threading
import time

from faults import FAULTS, Lab

LEVEL_S = 600


def told(lab, member):
    """What a database's agent told last; nothing of one that is away."""
    try:
        return json.loads(lab.inside(member, "cat /run/mysql-writer/status.json"))
    except (ValueError, subprocess.SubprocessError):
        return {}


def writer(members, statuses, now):
    """The member that holds the lease once everybody else may acknowledge and has everything; None before that."""
    views = [one.get("view") or {} for one in statuses.values()]
    names = {view.get("writer") for view in views}
    if len(names) != 1 or None in names or any(now - one.get("at", 0) > 3 for one in statuses.values()):
        return None
    name = names.pop()
    level = statuses[name]["lease"] and all(views[0]["sync"].get(other, {}).get("whole") for other in members if other != name)
    return name if level else None


def chosen(dice, lab, leads):
    """[(tier, fault, host)]. Of the databases the writer is hit every second time. Every fifth time two things happen at once, in two tiers
    or in the only one."""
    def one(tiers):
        tier = dice.choice(tiers)
        hosts = lab.groups[tier]
        host = leads if leads in hosts and dice.random() < 0.5 else dice.choice([name for name in hosts if name != leads])
        return tier, dice.choice(sorted(FAULTS[tier])), host

    tiers = sorted(lab.groups)
    first = one(tiers)
    return [first] if dice.random() < 0.8 else [first, one([tier for tier in tiers if tier != first[0]] or tiers)]


def strike(lab, faults):
    """Does them all at once. (those that were done, what is said of those that could not be, such as at a machine that another one had
    killed)"""
    done, missed = [], []

    def one(tier, what, host):
        try:
            FAULTS[tier][what](lab, host)
            done.append((tier, what, host))
        except Exception as error:  # pylint: disable=broad-except  # the Docker SDK has its own; each is told
            missed.append("%s at %s: %s" % (what, host, error))

    threads = [threading.Thread(target=one, args=fault) for fault in faults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, missed


class Steady:
    """Waits until everybody is back. status: a command that ends with 0 then; empty to ask the databases alone."""

    def __init__(self, lab, status):
        self.lab, self.status, self.said = lab, status, ""

    def databases(self, end):
        members = self.lab.groups.get("database", [])
        while members and time.monotonic() < end:
            found = writer(members, {name: told(self.lab, name) for name in members}, time.time())
            if found:
                return found
            time.sleep(0.3)
        return None if members else ""

    def rest(self, end):
        while self.status:
            done = subprocess.run(self.status, capture_output=True, text=True, timeout=LEVEL_S, check=False)
            self.said = done.stdout + done.stderr
            if done.returncode == 0:
                break
            if time.monotonic() > end:
                return False
            time.sleep(1)
        return True

    def wait(self):
        """Who takes the databases' writes, empty without databases; None when somebody was not back in time."""
        end = time.monotonic() + LEVEL_S
        found = self.databases(end)
        return found if found is not None and self.rest(end) else None


def write(path, journal):
    with open(path, "w", encoding="utf-8") as handle:
        json.dump(journal, handle)


def main():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--minutes", type=float, default=30)
    given.add_argument("--seed", type=int, default=int(time.time()))
    given.add_argument("--pause", type=float, default=1.0)
    given.add_argument("lab")
    given.add_argument("journal")
    given = given.parse_args()
    with open(given.lab, encoding="utf-8") as handle:
        described = json.load(handle)
    lab = Lab(described["prefix"], described["groups"], described["ssh"], described["addresses"])
    steady, dice, journal = Steady(lab, described["status"]), random.Random(given.seed), {"faults": [], "periods": []}
    end = time.monotonic() + given.minutes * 60
    # Whoever reads it does not find what a run before has left.
    write(given.journal, journal)
    print("seed %d" % given.seed, flush=True)
    leads = steady.wait()
    while leads is not None and time.monotonic() < end:
        faults, began = chosen(dice, lab, leads), time.time()
        faults, missed = strike(lab, faults)
        if missed:
            print("not broken: %s" % "; ".join(missed), flush=True)
        if not faults:
            return 1
        before, leads = leads, steady.wait()
        journal["periods"].append({"name": str(len(journal["faults"])), "begin": began, "end": time.time()})
        journal["faults"].append({"writer": before, "next": leads, "faults": [
            {"tier": tier, "what": what, "member": host, "writer": host == before} for tier, what, host in faults]})
        write(given.journal, journal)
        print("%3d %-60s %5.1f s%s" % (
            len(journal["faults"]), " and ".join("%s at %s" % one[1:] for one in faults), time.time() - began,
            ", writer %s" % (before if before == leads else "%s to %s" % (before, leads)) if before else ""), flush=True)
        time.sleep(dice.uniform(0.2, given.pause))
    if leads is None:
        print("not everybody was back within %d s: %s %s" % (
            LEVEL_S, json.dumps({name: told(lab, name) for name in lab.groups.get("database", [])}), steady.said[-4000:]), flush=True)
    return 1 if leads is None else 0


if __name__ == "__main__":
    sys.exit(main())
