# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which figures a host tells of itself: one table for all who are told, Scouter's collector and Prometheus. Pure."""

from __future__ import annotations

from typing import NamedTuple

# Goes up by one with each line: whoever sees it twice knows that counters move.
BEAT = "beat"


class Counter(NamedTuple):
    """name: of the figure. shown: what it is, for people. unit: s, %, MB, KB or cores (in seconds of processor), empty for a number.
    rate: what is told only ever grows, what is of interest is its growth in a second. total: several objects' may be added up."""

    name: str
    shown: str
    unit: str = ""
    rate: bool = False
    total: bool = False


class Figures(NamedTuple):
    """What one thing tells. kind: a key of MEASURES. name: which one, where a host has several (NAMED), else empty. fields: {counter:
    number or None}, None is what is not told. labels: texts that belong to it, {} for none; Scouter has no place for them."""

    kind: str
    name: str
    fields: dict
    labels: dict


MEASURES = {
    "host": (
        Counter("load1", "Load"), Counter("cpu", "CPU busy", "cores", rate=True),
        Counter("cpu_wait", "CPU waiting for disks", "cores", rate=True),
        Counter("memory_used", "Memory used", "%"), Counter("memory_free", "Memory available", "MB", total=True),
        Counter("swap_used", "Swap used", "MB", total=True), Counter("disk_used", "Fullest disk", "%"),
        Counter("net_in", "Network in", "KB", rate=True, total=True), Counter("net_out", "Network out", "KB", rate=True, total=True),
        Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
    "unit": (
        Counter("memory", "Memory", "MB", total=True), Counter("cpu", "CPU busy", "cores", rate=True, total=True),
        Counter("tasks", "Tasks", total=True), Counter("restarts", "Restarts by systemd"), Counter("uptime", "Up for", "s"),
        Counter(BEAT, "Lines sent")),
    "httpd": (
        Counter("busy", "Busy workers", total=True), Counter("idle", "Idle workers", total=True),
        Counter("requests", "Requests", "", rate=True, total=True), Counter("sent", "Sent", "KB", rate=True, total=True),
        Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
    "haproxy": (
        Counter("sessions", "Sessions", total=True), Counter("arrived", "New sessions", "", rate=True, total=True),
        Counter("queue", "Waiting for a server", total=True), Counter("errors", "Answers 5xx", "", rate=True, total=True),
        Counter("up", "Servers up"), Counter("down", "Servers down"), Counter("drained", "Servers drained"), Counter(BEAT, "Lines sent")),
    "mysql": (
        Counter("connections", "Connections", total=True), Counter("running", "Running threads", total=True),
        Counter("questions", "Questions", "", rate=True, total=True), Counter("slow", "Slow queries", "", rate=True, total=True),
        Counter("channels", "Replication channels"), Counter("stopped", "Channels that stand still"), Counter("lag", "Replica behind", "s"),
        Counter("members", "Galera members"), Counter("primary", "Galera in the primary component"), Counter("synced", "Galera synced"),
        Counter("queue", "Galera receive queue"),
        Counter("paused", "Galera paused", "", rate=True), Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
    "state": (Counter("active", "Unit runs (1) or not (0)"), Counter(BEAT, "Lines sent")),
    "vrrp": (
        Counter("master", "VRRP instance is master here (1) or not (0)"),
        Counter("settled", "VRRP instance is master or backup (1), or neither (0)"), Counter(BEAT, "Lines sent")),
    "vip": (Counter("held", "Virtual address is here (1) or not (0)"), Counter(BEAT, "Lines sent")),
    "virtual_server": (
        Counter("live", "Real servers with weight"), Counter("servers", "Real servers of the inventory"),
        Counter("weight", "Weight of the living together"), Counter("quorum", "Weight without which keepalived takes all away"),
        Counter("connections", "Active connections", total=True), Counter(BEAT, "Lines sent")),
    "rabbitmq": (
        Counter("running", "Members that this node is connected with, itself included"),
        Counter("missing", "Members that it is not connected with (dead, or behind a partition)"),
        Counter("alarms", "Alarms in force; while there is one, publishers are blocked"),
        Counter("queues", "Queues of this node", total=True), Counter("messages", "Messages in them", total=True),
        Counter("consumers", "Consumers", total=True), Counter("connections", "Connections", total=True),
        Counter("channels", "Channels", total=True), Counter("uptime", "Up for", "s"), Counter(BEAT, "Lines sent")),
    "lease": (
        Counter("writer", "Holds the writer's lease (1) or not (0)"), Counter("left", "Its own lease runs for", "s"),
        Counter("ttl", "A lease runs for", "s"), Counter(BEAT, "Lines sent")),
    "worker": (
        Counter("active", "mod_jk sends requests to it (1), or it is drained (0)"), Counter("error", "mod_jk holds it for dead (1)"),
        Counter("busy", "Requests at work", total=True), Counter(BEAT, "Lines sent")),
    "sessions": (Counter("active", "Sessions of this instance, with a DeltaManager those of all"), Counter(BEAT, "Lines sent")),
    "drain": (Counter("drained", "Servers that this host keeps drained"), Counter(BEAT, "Lines sent")),
    "content": (
        Counter("pulled", "Was ever pulled whole (1)"), Counter("age", "Last good pull was before", "s"),
        Counter("allowed", "Greatest age that is healthy", "s"), Counter("refused", "Last pull was refused (1)"),
        Counter("failed", "Last pull failed (1)"), Counter(BEAT, "Lines sent")),
    "deploy": (
        Counter("current", "Has a current release (1)"), Counter("age", "Current release was laid down before", "s"),
        Counter(BEAT, "Lines sent")),
    "certificate": (Counter("left", "Certificate ends in", "s"), Counter(BEAT, "Lines sent")),
}
# Those of which a host has several; told apart by this tag.
NAMED = {"unit": "unit", "state": "unit", "vrrp": "vrrp_instance", "vip": "vip", "virtual_server": "virtual_server", "lease": "cluster",
         "worker": "worker", "sessions": "application", "drain": "what", "content": "content", "deploy": "application",
         "certificate": "certificate"}


def short(unit):
    """A unit without its suffix."""
    return unit[:-len(".service")] if unit.endswith(".service") else unit
