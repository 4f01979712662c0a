# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Galera member's files and status say, as plain data. Pure."""

from __future__ import annotations

import re

ZERO = "00000000-0000-0000-0000-000000000000"
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
SEQNO = re.compile(r"^-?\d+$")
RECOVERED = re.compile(r"WSREP: Recovered position: *(?P<uuid>[0-9a-f-]{36}):(?P<seqno>-?\d+)")
VIEW = re.compile(r"^view_id: *\d+ +(?P<uuid>[0-9a-f-]{36}) +(?P<seq>\d+)")
# What the server says of itself when it gives up; "Aborting" alone tells nothing.
# Directories of a fresh installation; any other one below the data directory is somebody's database.
OWN_DIRECTORIES = {"mysql", "performance_schema", "sys", "test", "lost+found"}
# What the status says that is worth reporting: flow control, queues, certification, transfers.
FEWER = "somebody is down or cut off, or an arbitrator has outlived its cluster, which playbooks/galera_recover.yml tells and mends"
STATUS = ("wsrep_cluster_status", "wsrep_local_state_comment", "wsrep_ready", "wsrep_connected", "wsrep_cluster_size",
          "wsrep_cluster_conf_id", "wsrep_cluster_state_uuid", "wsrep_local_state_uuid", "wsrep_last_committed",
          "wsrep_local_recv_queue", "wsrep_local_send_queue", "wsrep_incoming_addresses", "wsrep_provider_version",
          "wsrep_gcomm_uuid", "wsrep_desync_count", "wsrep_local_cert_failures", "wsrep_local_bf_aborts",
          "wsrep_flow_control_paused", "wsrep_flow_control_paused_ns", "wsrep_flow_control_sent", "wsrep_flow_control_recv",
          "wsrep_evs_delayed", "wsrep_evs_state")


def grastate(text):
    """grastate.dat. `file` is ok, missing, empty or torn; only an ok one has uuid, seqno and safe_to_bootstrap to rely on."""
    if text is None:
        return {"file": "missing"}
    if not text.strip("\0 \t\r\n"):
        return {"file": "empty"}
    fields = {}
    for line in text.splitlines():
        name, mark, value = line.partition(":")
        if mark and not line.startswith("#"):
            fields[name.strip()] = value.strip()
    uuid, seqno, safe = fields.get("uuid", ""), fields.get("seqno", ""), fields.get("safe_to_bootstrap", "")
    # The last line may be missing in a file of an older version (then 0), but not when a write broke off in the midst of it. Galera
    # overwrites the file in place and fills up with blanks what was longer before.
    whole = text.rstrip(" ").endswith("\n") and "\0" not in text
    if not (whole and fields.get("version") and UUID.match(uuid) and SEQNO.match(seqno) and safe in ("", "0", "1")):
        return {"file": "torn"}
    return {"file": "ok", "uuid": uuid, "seqno": int(seqno), "safe_to_bootstrap": safe == "1"}


def gvwstate(text):
    """gvwstate.dat: the last primary component this member was in; None when there is none or it is not whole."""
    if not text or "#vwend" not in text or "#vwbeg" not in text:
        return None
    members, view, own = [], None, ""
    for line in text.splitlines():
        if line.startswith("my_uuid:"):
            own = line.partition(":")[2].strip()
        elif line.startswith("member:"):
            members.append(line.partition(":")[2].split()[0])
        elif VIEW.match(line):
            view = VIEW.match(line).groupdict()
    if not (view and members and UUID.match(own)):
        return None
    return {"my_uuid": own, "view": "%s:%s" % (view["uuid"], view["seq"]), "members": sorted(members)}


def recovered(text):
    """(uuid, seqno) that mariadbd --wsrep-recover printed; None when it printed none."""
    found = RECOVERED.findall(text or "")
    return (found[-1][0], int(found[-1][1])) if found else None


def databases(directories):
    """Databases that somebody made, from the names of the directories in the data directory (hidden ones are no databases)."""
    return sorted(name for name in directories if name not in OWN_DIRECTORIES and not name.startswith((".", "#")))


def status(rows):
    """Status rows to values with types."""
    shown = {}
    for name, value in rows:
        name = name.lower()
        if name in STATUS:
            shown[name] = int(value) if SEQNO.match(str(value)) else value
    if "wsrep_flow_control_paused" in shown:
        shown["wsrep_flow_control_paused"] = float(shown["wsrep_flow_control_paused"])
    return shown


def needs_recovery(state, data):
    """Whether only the storage engine knows the position: there is data, and no seqno in a whole grastate.dat."""
    return data and (state["file"] != "ok" or state["seqno"] < 0 or state["uuid"] == ZERO)


def position(state, found):
    """{uuid, seqno, source} from grastate.dat and what recovery found; uuid '' and seqno -1 when neither has one."""
    if state["file"] == "ok" and state["uuid"] != ZERO and state["seqno"] >= 0:
        return {"uuid": state["uuid"], "seqno": state["seqno"], "source": "grastate.dat"}
    if found and found[0] != ZERO and found[1] >= 0:
        return {"uuid": found[0], "seqno": found[1], "source": "recovered"}
    return {"uuid": "", "seqno": -1, "source": "none"}


def running_position(shown):
    """The position a running member tells itself."""
    uuid = shown.get("wsrep_local_state_uuid") or ""
    if not UUID.match(uuid) or uuid == ZERO:
        return {"uuid": "", "seqno": -1, "source": "none"}
    return {"uuid": uuid, "seqno": int(shown.get("wsrep_last_committed", -1)), "source": "running"}


def primary(shown):
    """Whether this member is in a primary component."""
    return str(shown.get("wsrep_cluster_status", "")).lower() == "primary"


def synced(shown):
    return primary(shown) and shown.get("wsrep_local_state_comment") == "Synced" and shown.get("wsrep_ready") == "ON"


def left(shown):
    """Whether it runs and has left the group, as a joiner does whose donor lacks something: nothing but a restart brings it back."""
    return str(shown.get("wsrep_cluster_status", "")).lower() == "disconnected" and shown.get("wsrep_connected") == "OFF"


def health(shown, variables, size=0):
    """Sentences: what keeps this member from being healthy; nothing when it is."""
    found = []
    if not shown:
        return ["MariaDB does not answer: journalctl -u mariadb tells why."]
    if not primary(shown):
        found.append("It is in no primary component (wsrep_cluster_status is %s): playbooks/galera_recover.yml tells what to do." % (
            shown.get("wsrep_cluster_status")))
    elif shown.get("wsrep_local_state_comment") != "Synced":
        found.append("wsrep_local_state_comment is %s, not Synced: wait for the transfer to end." % (
            shown.get("wsrep_local_state_comment")))
    if shown.get("wsrep_ready") != "ON":
        found.append("wsrep_ready is %s: it refuses statements." % shown.get("wsrep_ready"))
    there = int(shown.get("wsrep_cluster_size", 0))
    if size and there != size:
        found.append("wsrep_cluster_size is %d, the inventory has %d: %s." % (
            there, size, FEWER if there < size else "somebody is in the cluster who is not in the inventory"))
    if str(variables.get("read_only", "OFF")).upper() in ("ON", "1"):
        found.append("read_only is ON: it takes no writes.")
    return found


def missing(answers):
    """Why members are not Synced, in words. answers: what their check agents told, each with item, the member, status and content."""
    found = []
    for answer in answers:
        if answer.get("status") == 200:
            continue
        said = str(answer.get("content") or "").strip() or str(answer.get("msg") or "").strip() or "nothing was heard"
        found.append("%s is not Synced (%s)" % (answer["item"], said.splitlines()[0].rstrip(".")))
    return found
