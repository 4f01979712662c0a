# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""httpd with mod_jk, Tomcat, applications. See _status/reading.py for what a reader is."""

from __future__ import annotations

import os

from ansible_collections.failover.stack.plugins.module_utils._deploy.release import CURRENT, LEDGER, RELEASES, release_of
from ansible_collections.failover.stack.plugins.module_utils._deploy.state import read_releases
from ansible_collections.failover.stack.plugins.module_utils._host import unit_age
from ansible_collections.failover.stack.plugins.module_utils._status.reading import ANSWER_S
from ansible_collections.failover.stack.plugins.module_utils._web import modjk, tomcat_sessions


def httpd(host, asked):
    """mod_jk's workers as module modjk_info has them. closed: whether the watchdog has closed the health page."""
    members = modjk.parse(modjk.ask(asked["url"], ANSWER_S))
    places = {(one["host"], one["port"]) for one in members if one["activation"] == "active"}
    return dict(modjk.report(members, {place: modjk.answers_ping(*place, 1.0) for place in places}), closed=os.path.exists(asked["closed"]))


def tomcat(host, asked):
    """answers: whether each service's AJP connector answers. sessions: {application: {active, manager}}. untold: why an instance that
    answers does not tell its sessions."""
    answers = {one["name"]: modjk.answers_ping(asked["address"], one["port"], ANSWER_S) for one in asked["services"]}
    sessions, untold = {}, {}
    for instance in asked["sessions"]:
        # Who does not answer at all is not waited for once more.
        if any(good for name, good in answers.items() if name.partition("/")[0] == instance):
            try:
                sessions.update(tomcat_sessions.ask(instance, ANSWER_S))
            except (OSError, tomcat_sessions.SessionsError) as error:
                untold[instance] = str(error) or type(error).__name__
    return {"answers": answers, "sessions": sessions, "untold": untold}


def release(host, one):
    """version and release that serve; stale: units that were started with another one."""
    root = one["docroot"]
    link, there = os.path.join(root, CURRENT), read_releases(os.path.join(root, RELEASES))
    current = release_of(os.readlink(link)) if os.path.islink(link) else ""
    starts = unit_age.shown(host, one["units"])[1] if one["units"] else {}
    stale = unit_age.judge(starts, dict.fromkeys(one["units"], unit_age.newest([os.path.join(root, LEDGER)])))[0]
    return {"release": current if current in there else "", "version": there.get(current, {}).get("version", ""), "stale": stale}


def application(host, asked):
    return {"applications": {one["name"]: release(host, one) for one in asked["applications"]}}


READERS = {"httpd": httpd, "tomcat": tomcat, "application": application}
