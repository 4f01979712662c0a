# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the source one a replica can follow? Asked with the replication user's own login before anything is stopped."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable, connect, tls_context
from ansible_collections.failover.stack.plugins.module_utils._sql.status import VARIABLES, identity

MAY_REPLICATE = re.compile(r"REPLICATION (SLAVE|REPLICA)\b(?! ADMIN)|ALL PRIVILEGES", re.I)
NAME_UNKNOWN = re.compile(r"\[Errno -\d+\]|not known|name resolution", re.I)
NO_TLS = "ssl is on, but the source %s offers no TLS: give it a certificate, or turn ssl off."
# By the mode that is found; ON is reached from its neighbour only, and while nothing anonymous is left to be replicated.
TURN_ON = {
    "OFF": "set gtid_mode to ON and enforce_gtid_consistency to ON in its configuration and restart it",
    "OFF_PERMISSIVE": "SET GLOBAL gtid_mode = ON_PERMISSIVE there, wait until Ongoing_anonymous_transaction_count is 0 and all is "
                      "replicated, then SET GLOBAL gtid_mode = ON, as its configuration must say, too",
    "ON_PERMISSIVE": "wait until Ongoing_anonymous_transaction_count is 0 there and all is replicated, then SET GLOBAL gtid_mode = ON, as "
                     "its configuration must say, too",
}
SHA2 = ("caching_sha2_password", "sha256_password")


def wanted(params, channel, stored_password):
    """How the replica will log in at its source: given, else as the channel has it."""
    def value(name, default=None):
        if params.get(name) is not None:
            return params[name]
        return (channel or {}).get(name, default)

    def tls_file(name):
        return None if value("ssl") is False else value(name) or None

    password = params.get("source_password")
    return {
        "host": value("source_host"), "port": value("source_port") or 3306, "user": value("source_user"),
        "password": stored_password if password is None else password, "unix_socket": None,
        "connect_timeout": params["connect_timeout"], "ssl": value("ssl"), "ca": tls_file("ssl_ca"), "capath": tls_file("ssl_capath"),
        "cert": tls_file("ssl_cert"), "key": tls_file("ssl_key"), "verify": bool(value("ssl_verify_server_cert")),
        "public_key": bool(value("get_source_public_key") or value("source_public_key_path")),
    }


def sentence(where, failure):
    """What the failure to log in means and what to do about it."""
    place, user = "%s:%s" % (where["host"], where["port"]), where["user"]
    if isinstance(failure, Unreachable) and NAME_UNKNOWN.search(str(failure)):
        return "source_host is '%s', which no resolver knows: correct the name, or give an address." % where["host"]
    if "CERTIFICATE_VERIFY_FAILED" in str(failure) or "certificate verify failed" in str(failure):
        return ("the certificate of the source %s is not trusted (%s): correct ssl_ca, or the source's certificate." % (place, failure))
    if failure.code == 2026:
        return NO_TLS % place
    if isinstance(failure, Unreachable):
        return ("the source %s cannot be reached (%s): correct source_host and source_port, or start it; check_source: false does not ask."
                % (place, failure))
    if failure.code in (1045, 1698):
        return ("the source %s refuses user '%s' with this password: correct source_user and source_password, or the account there."
                % (place, user))
    if failure.code == 1130:
        return "the source %s allows no user from this host: create '%s' there for this host." % (place, user)
    return "the source %s does not let '%s' in: %s." % (place, user, failure)


def context_of(where):
    """Without authorities nothing is verified: newer MariaDB vouches for its certificate by the password instead. Where nothing is said
    about TLS, it is used when it is offered."""
    verify = bool(where["verify"] and (where["ca"] or where["capath"]))
    return tls_context(where["ca"], where["cert"], where["key"], verify, verify, where["capath"])


def ask(where):
    """identity() of the source, with keys grants and secure. Raises Failure with a sentence."""
    try:
        context = None if where["ssl"] is False else context_of(where)
    except (OSError, ValueError) as error:
        raise Failure("the files in ssl_ca, ssl_cert and ssl_key cannot be used here (%s): correct them." % error) from error
    try:
        server = connect(where, context)
    except Failure as failure:
        raise Failure(sentence(where, failure), failure.code) from failure
    try:
        found = identity(server.variables(*VARIABLES))
        found["grants"] = [str(next(iter(row.values()))) for row in server.rows("SHOW GRANTS FOR CURRENT_USER()")]
        found["secure"] = bool(getattr(server.connection, "_secure", False))
        found["plugin"] = getattr(server.connection, "_auth_plugin_name", "")
        return found
    finally:
        server.close()


def troubles(where, source, mine, wants_gtid):
    """One sentence for each reason why mine cannot replicate from source."""
    place = "%s:%s" % (where["host"], where["port"])
    if where["ssl"] and not source["secure"]:
        yield NO_TLS % place
    if source["server_id"] == mine["server_id"]:
        yield ("the source %s has the server id %s, which is this server's too: give each its own server_id."
               % (place, source["server_id"]))
    if not source["log_bin"]:
        yield "the source %s has no binary log: turn on log_bin there and restart it." % place
    if wants_gtid and source["dialect"] != mine["dialect"]:
        yield "the source %s is %s and this server %s, whose GTIDs differ: use a position." % (place, source["dialect"], mine["dialect"])
    elif wants_gtid and not source["gtid"]["enabled"]:
        yield "GTIDs are asked for, but the source %s has gtid_mode %s: %s, or use a position." % (
            place, source["gtid"]["mode"], TURN_ON.get(source["gtid"]["mode"], TURN_ON["OFF"]))
    if not any(MAY_REPLICATE.search(grant) for grant in source["grants"]) and not any(" ON " not in grant for grant in source["grants"]):
        yield "the user '%s' may not replicate from %s: GRANT REPLICATION SLAVE ON *.* to it there." % (where["user"], place)
    if mine["dialect"] == "mysql" and source["plugin"] in SHA2 and where["ssl"] is False and not where["public_key"]:
        yield ("the source %s asks '%s' for a password by %s, which without TLS takes the source's public key: set ssl or "
               "get_source_public_key." % (place, where["user"], source["plugin"]))


def gtid_troubles(place, theirs, mine, errant):
    """The same for GTIDs. theirs and mine: `gtid` of the observed information."""
    if errant:
        yield ("this server has transactions that the source %s has not: %s. Replicating would hide that the two differ. Apply them there "
               "by hand, or seed this server anew; allow_errant: true starts all the same." % (place, errant))
    lost = gtids.subtract(theirs["purged"], mine["executed"]) if theirs.get("purged") else ""
    if lost:
        yield "the source %s no longer has binary logs with %s, which this server lacks: seed it from a donor." % (place, lost)
