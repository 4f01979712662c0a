# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no module.log.
# pylint: disable=ansible-bad-function
"""The watchdog of httpd's health page: the service failover-httpd-watchdog, started with the path of its configuration.

While this machine is cut off the page says 503, so that balancers see that first when the cable is back. It says 200 again
when mod_jk uses every Tomcat that answers: those it has given up meanwhile are taken back here, not after recover_time, since until then
it would send visitors to a Tomcat that is not theirs. The same is done for a single machine that was silent and is back.
"""

from __future__ import annotations

import concurrent.futures
import os

from ansible_collections.failover.stack.plugins.module_utils._agents import witnesses
from ansible_collections.failover.stack.plugins.module_utils._web.modjk import StatusError, answers_ping, ask, parse, stale

PING_S, STATUS_S = 0.3, 2
# So many silent rounds may have made mod_jk give up a Tomcat there; so long its return is waited for.
MISSED_ROUNDS, AWAITED_S, PROBE_S = 2, 120, 1


def say(text):
    print(text, flush=True)


class Workers:
    """mod_jk's workers, seen through its status page and by asking their Tomcats directly."""

    def __init__(self, url):
        self.url, self.problem = url, ""

    def answering(self, places):
        places = sorted(places)
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(8, len(places) or 1)) as pool:
            return {place for place, good in zip(places, pool.map(lambda p: answers_ping(p[0], p[1], PING_S), places)) if good}

    def take_back(self, of_hosts=None):
        """The Tomcats (on these hosts) that answer and are used, after mod_jk has been told so; None when it could not be told."""
        try:
            members = parse(ask(self.url, STATUS_S))
            places = {(m["host"], m["port"]) for m in members if of_hosts is None or m["host"] in of_hosts}
            good = self.answering(places)
            for member in stale(members, good):
                ask(self.url, STATUS_S, cmd="reset", w=member["balancer"], sw=member["name"])
                say("mod_jk uses %s again: it answers." % member["name"])
            left = stale(parse(ask(self.url, STATUS_S)), good)
        except StatusError as error:
            if str(error) != self.problem:
                self.problem = str(error)
                say("mod_jk: %s." % error)
            return None
        self.problem = ""
        return None if left else good


class Page:
    """Closed while the file is there: httpd looks for it."""

    def __init__(self, path):
        self.path = path

    @property
    def closed(self):
        return os.path.exists(self.path)

    def close(self):
        with open(self.path, "w", encoding="ascii"):
            say("The health page says 503: this machine is cut off.")

    def open(self):
        os.unlink(self.path)
        say("The health page says 200 again.")


class Watchdog:
    def __init__(self, page, workers, tomcats):
        self.page, self.workers, self.tomcats = page, workers, tomcats
        self.awaited, self.probed = {}, 0.0

    def returned(self, others, now):
        """The hosts of Tomcats that were silent and answer pings again; each is awaited for a while."""
        for host in self.tomcats:
            missed = others.silent(host)
            if missed is not None and missed >= MISSED_ROUNDS:
                self.awaited[host] = None
            elif missed == 0 and self.awaited.get(host, 0) is None:
                self.awaited[host] = now + AWAITED_S
        self.awaited = {host: until for host, until in self.awaited.items() if until is None or until > now}
        return {host for host, until in self.awaited.items() if until is not None}

    def tick(self, cut, others, now):
        """One round; says whether it took time of its own."""
        if cut:
            if not self.page.closed:
                self.page.close()
            return False
        back = self.returned(others, now)
        if self.page.closed:
            good = self.workers.take_back()
            if good:
                self.page.open()
        elif back and now - self.probed >= PROBE_S:
            self.probed = now
            good = self.workers.take_back(back)
        else:
            return False
        for place in good or ():
            self.awaited.pop(place[0], None)
        return True


def main(*arguments):
    def watchdog_of(given):
        return Watchdog(Page(given["closed_file"]), Workers(given["url"]), given["peers"])

    return witnesses.main(arguments[0], watchdog_of, *arguments[1:])
