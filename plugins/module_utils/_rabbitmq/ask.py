# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a RabbitMQ node for its cluster and its queues; used by several modules."""

from __future__ import annotations

import glob
import json
import os
import pwd
import re
import shutil
import socket
import tempfile
import time

from ansible_collections.failover.stack.plugins.module_utils._host import dpkg
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cli import (
    SERVERS,
    USER,
    CliError,
    last_words,
    parse_json,
)
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.definitions import with_internal
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.member import other_nodes
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.status import (
    LEADER_COLUMNS,
    QUEUE_COLUMNS,
    newest_version,
    parse_pids,
    parse_queues,
    parse_status,
    version_tuple,
)

EXCHANGE_COLUMNS = ("name", "type", "durable", "auto_delete", "internal", "arguments")


def own_node(name):
    """The given name, else RabbitMQ's default: rabbit at the host's name up to its first dot."""
    return name or "rabbit@" + os.uname().nodename.partition(".")[0]


def status_of(cli, node=None):
    return parse_status(cli.json("rabbitmqctl", "cluster_status", node=node) or {})


def wait_for(ask, good, seconds, pause=1.0, early=lambda: False):
    """Ask until the answer is good; (answer, error), of which one is None. An answer that is not good in time is an error.

    early: whether it cannot be good yet, a question that costs less. Asked at least once all the same.
    """
    deadline = time.monotonic() + seconds
    while True:
        if time.monotonic() < deadline and early():
            time.sleep(pause)
            continue
        answer = error = None
        try:
            answer = ask()
        except CliError as problem:
            error = str(problem)
        if error is None and good(answer):
            return answer, None
        if time.monotonic() >= deadline:
            return answer, error or "it is not so within %d s" % seconds
        time.sleep(pause)


def queues_of(cli, vhosts=None):
    """All queues of all vhosts."""
    if vhosts is None:
        vhosts = [row["name"] for row in cli.json("rabbitmqctl", "list_vhosts", "name") or []]
    found = []
    for vhost in vhosts:
        rows = cli.json("rabbitmqctl", "list_queues", "--vhost", vhost, *QUEUE_COLUMNS) or []
        leaders = {}
        if any(not row.get("leader") for row in rows) and has_mirrors():
            leaders = parse_pids(cli.do("rabbitmqctl", "list_queues", "--silent", "--vhost", vhost, *LEADER_COLUMNS))
        found += parse_queues(vhost, rows, leaders)
    return found


def definitions_of(cli, internal=False):
    """The export of the whole cluster. It has password hashes: a secret. internal: ask each vhost for its internal exchanges, too."""
    definitions = parse_json(cli.do("rabbitmqctl", "export_definitions", "-"))
    if not isinstance(definitions, dict) or "vhosts" not in definitions:
        raise CliError("rabbitmqctl export_definitions printed no definitions.")
    if not internal:
        return definitions
    return with_internal(definitions, {vhost["name"]: cli.json("rabbitmqctl", "list_exchanges", "--vhost", vhost["name"], *EXCHANGE_COLUMNS)
                                       for vhost in definitions["vhosts"]})


def load_definitions(cli, definitions):
    """Through a file that only RabbitMQ can read: its tool takes none from a pipe in every version."""
    directory = tempfile.mkdtemp(prefix="failover-rabbitmq-")
    path = os.path.join(directory, "definitions.json")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            json.dump(definitions, handle)
        uid, gid = pwd.getpwnam(USER)[2:4]
        os.chown(path, uid, gid)
        os.chown(directory, uid, gid)
        cli.do("rabbitmqctl", "import_definitions", path)
    finally:
        shutil.rmtree(directory)


def has_mirrors():
    """Whether the server here knows mirrored queues."""
    version = newest_version(glob.glob(SERVERS))
    return bool(version) and version_tuple(version) < (4, 0, 0)


def critical_of(cli):
    """Queues that would lose their majority, or mirrored ones all that have their messages, without this node; empty when it may go."""
    found = []
    for check in ["check_if_node_is_quorum_critical"] + (["check_if_node_is_mirror_sync_critical"] if has_mirrors() else []):
        rc, out, err = cli.run("rabbitmq-queues", check, "--formatter", "json")
        answer = parse_json(out) or parse_json(err)
        if not isinstance(answer, dict) or "result" not in answer:
            raise CliError("rabbitmq-queues %s failed (rc %d): %s" % (check, rc, last_words(err + out)))
        found += [{"name": queue.get("name", ""), "vhost": queue.get("virtual_host", "")} for queue in answer.get("queues") or []]
    return found


def remembered(directory, node):
    """The cluster as a node wrote it down, whether it runs or not."""
    try:
        with open(os.path.join(directory, node, "cluster_nodes.config"), encoding="utf-8") as handle:
            return other_nodes(handle.read())
    except OSError:
        return []


def addresses_of(name):
    """What this host makes of a name, all of it; none when it does not resolve."""
    try:
        return sorted({entry[4][0] for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
    except socket.gaierror:
        return []


def package_versions(module, package):
    """Installed and available version of a package, without the distribution's epoch and revision; empty where there is none."""
    installed, candidate = (re.match(r"(?:[0-9][0-9.]*)?", version).group() for version in dpkg.versions(module, package))
    return {"installed": installed, "candidate": candidate}
