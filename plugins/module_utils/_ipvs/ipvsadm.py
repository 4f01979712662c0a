# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvsadm: the only place that starts it, and what its refusals mean."""

from __future__ import annotations

import os
import re
import subprocess

from ansible_collections.failover.stack.plugins.module_utils._ipvs import parse
from ansible_collections.failover.stack.plugins.module_utils._ipvs.desired import Desired, daemons_problems, timeouts_problems
from ansible_collections.failover.stack.plugins.module_utils._ipvs.plan import plan_daemons, plan_table, plan_timeouts


class Failure(Exception):
    """A sentence for the user, and more values to return."""

    def __init__(self, sentence, **values):
        super().__init__(sentence)
        self.values = values


class NoIpvs(Failure):
    pass


def trouble(host, what, rc, err):
    """The exception for a failed ipvsadm."""
    match = re.search(r"Can't initialize ipvs: (.*)", err)
    if match and "ermission" in match.group(1):
        return Failure("%s: ipvsadm may not see the kernel's IPVS table (%s): run as root, with CAP_NET_ADMIN." % (host, match.group(1)))
    if match:
        return NoIpvs("%s: this kernel has no IPVS (ipvsadm says: %s): load module ip_vs or use a kernel that has it." % (
            host, match.group(1)))
    return Failure("%s: `ipvsadm %s` failed with %d: %s." % (host, " ".join(what), rc, " ".join(err.split()) or "no message"))


def starter(path):
    """The run of Ipvsadm. Not AnsibleModule's own: that copies the interpreter and reads in small pieces, longer than ipvsadm itself."""
    environment = dict(os.environ, LANG="C", LC_ALL="C")

    def run(arguments, text):
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            [path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, encoding="utf-8",
            errors="replace")
        out, err = process.communicate(text or "")
        return process.returncode, out, err

    return run


class Ipvsadm:
    """run(list of arguments, text for its input) returns (rc, stdout, stderr)."""

    def __init__(self, host, run):
        self.host, self.run = host, run

    def ask(self, *arguments):
        rc, out, err = self.run(list(arguments), None)
        if rc:
            raise trouble(self.host, arguments, rc, err)
        return out

    def table(self):
        return parse.parse_table(self.ask("-Sn"))

    def listing(self, names=()):
        """Thresholds and connections of all services, or of one alone when there is one name."""
        one = next(iter(names)).split() if len(names) == 1 else []
        rc, out, err = self.run(["-Ln", "--thresholds", *one], None)
        if rc and "No such service" not in err:
            raise trouble(self.host, ["-Ln"], rc, err)
        return parse.parse_listing(out)

    def thresholds(self, names=()):
        return {key: numbers[:2] for key, numbers in self.listing(names).items() if numbers[:2] != parse.NO_THRESHOLDS}

    def timeouts(self):
        found = parse.parse_timeouts(self.ask("-Ln", "--timeout"))
        if found is None:
            raise Failure("%s: `ipvsadm -Ln --timeout` printed no time-outs: install ipvsadm 1.28 or newer." % self.host)
        return found

    def daemons(self):
        return parse.parse_daemons(self.ask("-Ln", "--daemon"))

    def restore(self, lines):
        return self.run(["-R"], "\n".join(lines) + "\n")


class Absent(Ipvsadm):
    """A host without ipvsadm, in check mode: as if its table were empty."""

    def __init__(self, host):
        timeouts = "Timeout (tcp tcpfin udp): 900 120 300\n"
        super().__init__(host, lambda arguments, text: (0, timeouts if "--timeout" in arguments else "", ""))


class Change:
    """What is there, what is to be, and the batch between the two."""

    def __init__(self, ipvsadm, params, owners):
        self.ipvsadm, self.params = ipvsadm, params
        self.host = ipvsadm.host
        self.about_table = bool(params["services"] or params["purge"] or params["weights"])
        self.owners = owners() if self.about_table or params["timeouts"] or params["sync_daemons"] is not None else []
        self.left = []

    # --- Before anything runs ---

    def check(self):
        """The desired state of everything; raises Failure with all that is wrong with it."""
        params = self.params
        self.desired = Desired(self.host).add(params["services"])
        problems = self.desired.problems + timeouts_problems(self.host, params["timeouts"] or {})
        problems += daemons_problems(self.host, params["sync_daemons"] or [], self.desired.mixed)
        problems += self.foreign(self.desired.services)
        if problems:
            raise Failure(" ".join(problems), problems=problems)
        return self

    def foreign(self, names):
        """A sentence for each thing that keepalived has in hand."""
        found = []
        for owner in self.owners:
            its = "keepalived (pid %d, %s)" % (owner.pid, owner.file)
            if owner.services is None:
                found.append("%s: %s runs here, but its file cannot be read, so nobody knows which services are its own: "
                             "make the file readable, or stop keepalived." % (self.host, its))
                continue
            found += ["%s: service %s belongs to %s, which would undo any change: change it in keepalived's virtual servers, "
                      "or take it out of them first." % (self.host, parse.in_words(name), its) for name in names if name in owner.services]
            for option, setting, asked in (("timeouts", "lvs_timeouts", bool(self.params["timeouts"])),
                                           ("sync_daemons", "lvs_sync_daemon", self.params["sync_daemons"] is not None)):
                if asked and setting in owner.globals:
                    found.append("%s: %s belong to %s (%s): change them there, or take %s out of it first." % (
                        self.host, option, its, setting, setting))
        return found

    # --- Read ---

    def read(self):
        self.table = self.ipvsadm.table() if self.about_table else {}
        self.timeouts = self.ipvsadm.timeouts() if self.params["timeouts"] else None
        self.daemons = self.ipvsadm.daemons() if self.params["sync_daemons"] is not None else None
        self.thresholds = None
        if self.params["weights"] and not self.desired.services and not isinstance(self.ipvsadm, Absent):
            self.desired.weights(self.params["weights"], self.table)
            problems = self.desired.problems + self.foreign(self.desired.services)
            if problems:
                raise Failure(" ".join(problems), problems=problems)
        return self

    # --- Plan ---

    def purged(self):
        """What goes because nobody names it; keepalived's own services stay."""
        if not self.params["purge"]:
            return []
        mine = [name for name in self.table if name not in self.desired.services]
        theirs = set().union(*(owner.services for owner in self.owners)) if self.owners else set()
        self.left = [parse.in_words(name) for name in mine if name in theirs]
        return [name for name in mine if name not in theirs]

    def plan(self):
        services, purged = self.desired.services, self.purged()
        complete = self.params["purge_servers"] and not self.params["weights"]
        named = any(wanted and wanted.thresholds for wanted in services.values())
        plan = None if named and self.thresholds is None else plan_table(self.table, services, self.thresholds, purged, complete)
        if self.thresholds is None and (named or plan.edits):
            # -Sn does not tell thresholds, and -e takes away those it does not name: this read is made only when they matter.
            touched = [name for name in (services if named else plan.changed) if name in self.table]
            self.thresholds = self.ipvsadm.thresholds(touched) if touched else {}
            plan = plan_table(self.table, services, self.thresholds, purged, complete)
        self.planned, self.lines, before, after = plan, list(plan.lines), plan.text(False), plan.text(True)
        if self.timeouts is not None:
            lines, values = plan_timeouts(self.timeouts, self.params["timeouts"])
            if lines:
                self.lines = lines + self.lines
                before, after = before + _set(self.timeouts), after + _set(values)
        if self.daemons is not None:
            first, last, values = plan_daemons(self.daemons, self.params["sync_daemons"])
            if first or last:
                self.lines = first + self.lines + last
                before, after = before + _daemons(self.daemons), after + _daemons(values)
        self.diff = {"before": before, "after": after}
        return self

    # --- Apply ---

    def apply(self):
        """One process, then a look: ipvsadm returns 0 when the kernel refuses a line, and stops in the middle when it cannot read one."""
        sent = self.lines
        rc, _out, err = self.ipvsadm.restore(sent)
        output = "; ".join(dict.fromkeys(line.strip() for line in err.splitlines() if line.strip()))
        if rc and "Can't initialize" in err:
            raise trouble(self.host, ["-R"], rc, err)
        after = Change(self.ipvsadm, self.params, lambda: self.owners)
        after.desired = self.desired
        refused = after.read().plan().lines
        if refused:
            raise Failure(
                "%s: after a batch of %d lines the kernel still lacks %d, in `refused` (first: %s)%s: %s." % (
                    self.host, len(sent), len(refused), refused[0], ", ipvsadm says: %s" % output if output else "", remedy(output)),
                refused=refused, commands=sent, stderr=err)
        return output


def remedy(output):
    if "Scheduler or persistence engine" in output:
        return "load the scheduler's module (ip_vs_<scheduler>, ip_vs_pe_sip) or choose another, then run again"
    if "No such device" in output:
        return "name an interface that is there, then run again"
    if "Possibly wrong module version, address not unicast" in output:
        return ("name unicast addresses and an interface that can multicast, and no sync daemon beside servers of another address family "
                "than their service, then run again")
    return "repair what it names, then run again"


def _set(timeouts):
    return "--set %(tcp)d %(tcpfin)d %(udp)d\n" % timeouts


def _daemons(daemons):
    return "".join(parse.daemon_text(daemons[state]) + "\n" for state in sorted(daemons))


def left_connections(listing, pairs):
    """Active connections of each of these (service, server) pairs that is still there."""
    return {pair: listing[pair][2] for pair in pairs if pair in listing}


def wait_for_drain(ipvsadm, pairs, seconds, clock, sleep):
    """Looks until no pair has an active connection or the time is over; one entry for each pair."""
    start, done, last, names = clock(), {}, {}, {name for name, _server in pairs}
    while True:
        asked = clock()
        last = left_connections(ipvsadm.listing(names), pairs)
        now = clock()
        for pair in pairs:
            if not last.get(pair):
                done.setdefault(pair, now - start)
        if len(done) == len(pairs) or now - start >= seconds:
            break
        # A long table costs time to print: not more than a tenth of it goes into looking.
        sleep(min(max(0.25, 9 * (now - asked)), max(0.0, start + seconds - now)))
    return [dict(service=parse.service_dict(pair[0]), server=pair[1], drained=pair in done and not last.get(pair),
                 seconds=round(done.get(pair, now - start), 2), active_connections=last.get(pair) or 0) for pair in pairs]
