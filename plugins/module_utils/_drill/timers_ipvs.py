# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon keepalived takes a real server out of IPVS, from the virtual servers of its keepalived.conf."""

from __future__ import annotations

# BFD_CHECK and FILE_CHECK are told by others and have no timers of their own here.
CHECKERS = ("HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "PING_CHECK", "UDP_CHECK")
TIMERS = ("delay_loop", "retry", "delay_before_retry", "connect_timeout", "misc_timeout")
# These see only that the kernel still accepts a connection or answers a ping.
SHALLOW = ("TCP_CHECK", "PING_CHECK", "UDP_CHECK")


def timers_of(node):
    found = {}
    for words, _children in node[1]:
        # Anything but a number is a parameter of the file, which only keepalived can fill in.
        if len(words) > 1 and words[0] in TIMERS and words[1].replace(".", "", 1).isdigit():
            found[words[0]] = float(words[1])
    return found


def virtual_servers(tree):
    """[{address, port, real: [{address, port, checks: [{kind, timers}]}]}] of a parsed keepalived.conf."""
    groups, found = {}, []
    for words, children in tree[1]:
        if len(words) > 1 and words[0] == "virtual_server_group":
            groups[words[1]] = [w for w, _c in children if w]
    for node in tree[1]:
        words = node[0]
        if len(words) < 3 or words[0] != "virtual_server":
            continue
        named = groups.get(words[2], []) if words[1] == "group" else [words[1:3]]
        real = [real_server(child, timers_of(node)) for child in node[1] if child[0][:1] == ["real_server"]]
        for address in named:
            found.append({"address": address[0], "port": " ".join(address[1:2]), "real": real})
    return found


def real_server(node, inherited):
    own = dict(inherited, **timers_of(node))
    words = node[0] + ["", ""]
    checks = [
        {"kind": child[0][0], "timers": dict(own, **timers_of(child))}
        for child in node[1]
        if child[0] and child[0][0] in CHECKERS
    ]
    return {"address": words[1], "port": words[2], "checks": checks}


def check_ms(check, silent):
    """The longest time until this check fails for good; None when it never does.

    keepalived.conf(5), "CHECKERS" of the virtual server: a check is made `delay_loop` (60 s) after the end of the one
    before; one that fails is repeated `retry` times (1; MISC_CHECK 0, DNS_CHECK 3), `delay_before_retry` later (3 s for
    HTTP_GET and SSL_GET, delay_loop for DNS_CHECK, 1 s otherwise); a connection, and then each step of an exchange, may
    take `connect_timeout` (5 s), a script `misc_timeout` (delay_loop). What a checker does not set its real server does,
    and what that does not, its virtual server. Its sources: the server is taken out when retry + 1 attempts have failed
    (check_tcp.c, tcp_epilog; check_http.c, epilog). So the worst is a death just after a good check:

        delay_loop + (retry + 1) x attempt + retry x delay_before_retry

    alpha and warmup matter only when keepalived starts. silent: 'connect' for a machine that is gone, 'answer' for one
    whose kernel still accepts connections, 'refuse' for a dead service on a living machine, where an attempt takes no time.
    """
    kind, timers = check["kind"], check["timers"]
    if silent == "answer" and kind in SHALLOW:
        return None
    loop = timers.get("delay_loop", 60.0)
    retry = timers.get("retry", {"MISC_CHECK": 0, "DNS_CHECK": 3}.get(kind, 1))
    default = {"HTTP_GET": 3.0, "SSL_GET": 3.0, "DNS_CHECK": loop}.get(kind, 1.0)
    before_retry = timers.get("delay_before_retry", default)
    attempt = timers.get("misc_timeout") or loop if kind == "MISC_CHECK" else timers.get("connect_timeout", 5.0)
    if silent == "refuse":
        if kind == "PING_CHECK":
            return None
        attempt = 0.0
    return 1000 * (loop + (retry + 1) * attempt + retry * before_retry)


def worst_ms(servers, vip, silent, port=None, server=None):
    """(milliseconds, check, real server) of the real server that is noticed last; None when there is none.

    Of several checks of one real server the first to fail takes it out. Milliseconds are None where none ever would.
    """
    worst = None
    for virtual in servers:
        if virtual["address"] != vip or (port is not None and virtual["port"] != str(port)):
            continue
        for real in virtual["real"]:
            if server is not None and real["address"] != server:
                continue
            known = [(ms, check) for check in real["checks"] for ms in [check_ms(check, silent)] if ms is not None]
            if not known:
                return None, None, real
            took, check = min(known, key=lambda pair: pair[0])
            if worst is None or took > worst[0]:
                worst = (took, check, real)
    return worst
