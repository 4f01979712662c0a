# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Part of a program of its own, not of a module: there is no module.log.
# pylint: disable=ansible-bad-function
"""Before a server of an automatic cluster is started: may it bring to life what nobody has acknowledged?

A writer that ends while commits wait for a replica has them in its binary log. If it is the writer again it must keep them: one may have
been acknowledged. If somebody else is, they must go, or this server could not follow: MariaDB takes them back when it is started as a
replica (init_rpl_role; tried with 10.11.19 and 11.8.9).
"""

from __future__ import annotations

import json
import os
import time

from ansible_collections.failover.stack.plugins.module_utils._agents import mysql_lease, mysql_record
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import ApiError
from ansible_collections.failover.stack.plugins.module_utils._etcd.keys import Keys

ENVIRONMENT = "server.env"
# A channel that is there waits for the agent: see mysql_lease.receives().
OPTIONS = {"replica": 'MYSQLD_OPTS="--init-rpl-role=SLAVE --skip-slave-start"\n', "writer": ""}
# Somebody may be about to take over; without an answer of the store there is no hurry, since nobody could be served.
TAKEOVER_S, STORE_S, ROUND_S = 6, 20, 0.2
# Until another member of etcd is asked.
ANSWER_S = 1
# So long the agent may need to notice that the server has gone, and to give the lease up.
NOTICE_S = 0.7


def role(name, wrote, view):
    """'replica', 'writer', or None while it is not known yet. wrote: whether this member has been the writer since it last followed."""
    if not wrote:
        return "writer"
    if view is None or (view.term and not view.writer and view.last.get("name") == name):
        return None
    return "writer" if not view.term or (view.writer or view.last.get("name")) == name else "replica"


def decide(config, wrote, sleep=time.sleep):
    store, name = config["store"], config["own"]["name"]
    etcd = Keys(store["endpoints"], store.get("ca"), ANSWER_S, store.get("user"), store.get("password"))
    began, found, answered = time.monotonic(), None, None
    while found is None:
        try:
            view = mysql_lease.view_of(etcd.read(store["prefix"]))
            answered = answered or time.monotonic()
        except ApiError:
            view = None
        found = role(name, wrote, view)
        if wrote and view and view.writer == name and time.monotonic() - began < NOTICE_S:
            found = None
        if found is None and (time.monotonic() - began > STORE_S if view is None else time.monotonic() - answered > TAKEOVER_S):
            return "writer"
        sleep(0 if found else ROUND_S)
    return found


def data_identity(directory):
    """Which copy of the data this is: one that was seeded or restored is another one. "" where there is none."""
    try:
        found = os.stat(os.path.join(directory, "ibdata1"))
    except OSError:
        return ""
    return "%d:%d" % (found.st_dev, found.st_ino)


def main(path):
    os.umask(0o077)
    os.makedirs(mysql_record.RUN_DIRECTORY, exist_ok=True)
    with open(path, encoding="utf-8") as handle:
        config = json.load(handle)
    # MySQL keeps them in any case.
    wrote = config.get("mariadb") and bool(mysql_record.read_record()[0].get("data"))
    found = decide(config, wrote) if config.get("store") else "writer"
    mysql_record.write_json(os.path.join(mysql_record.DIRECTORY, mysql_record.START), {
        "role": found, "data": data_identity(config["datadir"])})
    with open(os.path.join(mysql_record.RUN_DIRECTORY, ENVIRONMENT), "w", encoding="utf-8") as handle:
        handle.write(OPTIONS[found])
    print("started as %s" % ("a replica: what nobody acknowledged goes" if found == "replica" else "it was"), flush=True)
