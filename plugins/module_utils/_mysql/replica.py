# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest sequence of statements that turns a replication channel into the desired one. Pure: nothing here talks to a server."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, identifier

GTID = ("slave_pos", "current_pos", "auto_position")
# information_schema.PROCESSLIST of MariaDB shows no more than this of a statement.
SHOWN_OF_STATEMENT = 65535
# What the statement that makes a channel takes, whatever an account may have: MariaDB 96 bytes (10.11.19 and 11.8.9 refuse 97 with error
# 1470), MySQL 32 characters (error 3056, https://dev.mysql.com/doc/refman/8.4/en/change-replication-source-to.html).
LONGEST_PASSWORD = {"mariadb": 96, "mysql": 32}
HIDDEN = "********"


class Option:
    """A parameter of the module: its words in both dialects (None: there is none), what kind of value, which of MySQL's threads it needs
    stopped."""

    def __init__(self, name, mariadb, mysql, kind="text", thread="receiver"):
        self.name, self.mariadb, self.mysql, self.kind, self.thread = name, mariadb, mysql, kind, thread

    def word(self, dialect):
        return self.mariadb if dialect == "mariadb" else self.mysql


def both(name, word, kind="text", thread="receiver"):
    return Option(name, "MASTER_" + word, "SOURCE_" + word, kind, thread)


OPTIONS = (
    both("source_host", "HOST"),
    both("source_port", "PORT", "int"),
    both("source_user", "USER"),
    both("connect_retry", "CONNECT_RETRY", "int"),
    Option("retry_count", None, "SOURCE_RETRY_COUNT", "int"),
    both("heartbeat_period", "HEARTBEAT_PERIOD", "float"),
    both("delay", "DELAY", "int", "applier"),
    both("ssl", "SSL", "bool"),
    both("ssl_ca", "SSL_CA"),
    both("ssl_capath", "SSL_CAPATH"),
    both("ssl_cert", "SSL_CERT"),
    both("ssl_key", "SSL_KEY"),
    both("ssl_cipher", "SSL_CIPHER"),
    both("ssl_crl", "SSL_CRL"),
    both("ssl_crlpath", "SSL_CRLPATH"),
    both("ssl_verify_server_cert", "SSL_VERIFY_SERVER_CERT", "bool"),
    Option("bind", None, "SOURCE_BIND"),
    Option("tls_version", None, "SOURCE_TLS_VERSION"),
    Option("tls_ciphersuites", None, "SOURCE_TLS_CIPHERSUITES"),
    Option("source_public_key_path", None, "SOURCE_PUBLIC_KEY_PATH"),
    Option("get_source_public_key", None, "GET_SOURCE_PUBLIC_KEY", "bool"),
    Option("compression_algorithms", None, "SOURCE_COMPRESSION_ALGORITHMS"),
    Option("zstd_compression_level", None, "SOURCE_ZSTD_COMPRESSION_LEVEL", "int"),
    Option("gtid_only", None, "GTID_ONLY", "bool", "both"),
    Option("ignore_server_ids", "IGNORE_SERVER_IDS", "IGNORE_SERVER_IDS", "ids", "both"),
    Option("do_domain_ids", "DO_DOMAIN_IDS", None, "ids"),
    Option("ignore_domain_ids", "IGNORE_DOMAIN_IDS", None, "ids"),
)
INSTEAD = {
    "retry_count": "MariaDB %(version)s has no such setting for a connection, set the server variable master_retry_count in its "
                   "configuration instead",
    "get_source_public_key": "MariaDB needs no public key, so leave it out",
    "source_public_key_path": "MariaDB needs no public key, so leave it out",
    "do_domain_ids": "MySQL has no replication domains, so leave it out",
    "ignore_domain_ids": "MySQL has no replication domains, so leave it out",
}


class Step:
    """One statement. values are bound by the driver; secret: positions among them that are never shown. threads: what it is for."""

    def __init__(self, sql, values=(), secret=(), kind="change"):
        self.sql, self.values, self.secret, self.kind = sql, tuple(values), tuple(secret), kind

    def shown(self, quoted=repr):
        return self.sql % tuple(HIDDEN if place in self.secret else quoted(value) for place, value in enumerate(self.values))


class Plan:
    """steps: what to run. before, after: what differs. stops: threads that run and are stopped. repoints: other source than now."""

    def __init__(self):
        self.steps, self.before, self.after = [], {}, {}
        self.repoints = self.starts = self.changes = False
        self.stops = ""

    def differ(self, name, old, new):
        self.before[name], self.after[name] = old, new

    @property
    def changed(self):
        return bool(self.steps)


# --- What is asked for -----------------------------------------------------------


def mistakes(params, info):
    """One sentence for each thing in the parameters that this server cannot do."""
    dialect = info["dialect"]
    title = "%s %s" % ("MariaDB" if dialect == "mariadb" else "MySQL", info["version"])
    for option in OPTIONS:
        if params.get(option.name) is not None and option.word(dialect) is None:
            yield "%s is given: %s." % (option.name, INSTEAD.get(option.name, "%s does not have it, so leave it out" % title)
                                        % {"version": info["version"]})
    if params["state"] == "absent":
        return
    gtid = params.get("gtid")
    if gtid in ("slave_pos", "current_pos") and dialect == "mysql":
        yield "gtid is %s, which is MariaDB's, and this is %s: use auto or auto_position." % (gtid, title)
    if gtid == "auto_position" and dialect == "mariadb":
        yield "gtid is auto_position, which is MySQL's, and this is %s: use auto, slave_pos or current_pos." % title
    if params.get("source_log_file") and gtid not in (None, "none"):
        yield "source_log_file stands beside gtid %s: give either a position or GTIDs." % gtid
    if bool(params.get("source_log_file")) != (params.get("source_log_pos") is not None):
        yield "source_log_file and source_log_pos go together: give both or neither."
    password = (params.get("source_password") or "").encode()
    if len(password) > LONGEST_PASSWORD[dialect]:
        yield ("source_password has %d characters, the server takes at most %d here: choose a shorter one."
               % (len(password), LONGEST_PASSWORD[dialect]))
    if (params.get("filters") or {}).get("rewrite_db") is not None and dialect == "mariadb" and number(info["version"]) < (10, 11, 0):
        yield "filters.rewrite_db is given, which %s takes in its configuration only: leave it out here." % title


def gtid_mistakes(params, info, channel):
    """The same about GTIDs, which takes the channel as it is. Of domains the server's own words would only point to its error log."""
    if params["state"] == "absent":
        return
    # A replica takes GTIDs while its own mode is still a permissive one, its source must have ON.
    if gtid_wanted(params, info, channel) == "auto_position" and info["gtid"]["mode"] == "OFF":
        yield ("gtid is %s, but this server has gtid_mode OFF: set gtid_mode=ON and enforce_gtid_consistency=ON in its configuration."
               % (params["gtid"] or "auto"))
    for name in ("do_domain_ids", "ignore_domain_ids"):
        if params.get(name) and gtid_wanted(params, info, channel) not in GTID:
            yield "%s is given, which needs GTIDs: set gtid to auto, or leave it out." % name


def number(version):
    return tuple(int(word) for word in version.split("."))


def gtid_wanted(params, info, channel):
    """none, slave_pos, current_pos or auto_position."""
    wanted = params.get("gtid")
    if wanted is None:
        if params.get("source_log_file"):
            return "none"
        if channel:
            return channel["gtid"]
        wanted = "auto"
    if wanted != "auto":
        return wanted
    if info["dialect"] == "mysql":
        return "auto_position"
    return channel["gtid"] if channel and channel["gtid"] in GTID else "slave_pos"


def same(option, old, new):
    if option.kind == "ids":
        return sorted(set(old or ())) == sorted(set(new))
    if option.kind == "float":
        return abs(float(old or 0) - float(new)) < 0.0005
    if option.name == "source_host":
        return str(old or "").lower() == str(new).lower()
    return (old or "") == (new or "") if option.kind == "text" else old == new


def differences(params, channel):
    """The options that are given and are not as the server has them."""
    return [option for option in OPTIONS
            if params.get(option.name) is not None
            and (channel is None or not same(option, channel.get(option.name), params[option.name]))]


# --- The plan --------------------------------------------------------------------


def plan(params, info, channel, stored_password=None, same_server=False):
    """channel: as read, None when there is none. stored_password: None when it cannot be read. same_server: the source that is asked for
    is known to be the very server the channel has now, only by another name."""
    result = Plan()
    if params["state"] == "absent":
        plan_absent(result, info, channel)
        return result
    changes = differences(params, channel)
    stop = {option.thread for option in changes}
    words = position_words(result, params, info, channel, changes, same_server)
    if words:
        stop.add("both")
    password = password_differs(params, channel, stored_password, changes)
    if password:
        result.differ("source_password", "(another one)" if channel else None, "(as given)")
        stop.add("receiver")
    filters = filter_differences(params, info, channel)
    if changes or words or password:
        change = change_statement(params, info, channel, changes, words, password, result)
    stop |= {"applier"} if filters else set()
    order_threads(result, params, info, channel, stop)
    if changes or words or password:
        result.changes = True
        result.steps += demotion(params, info, result, words)
        result.steps.append(change)
    for name, old, new in filters:
        result.differ("filters." + name, old, new)
    if filters:
        result.steps += filter_steps(info, params["channel"], filters)
    if result.starts:
        result.steps.append(thread_step("START", info, params["channel"], start_which(result, channel), "start"))
    return result


def running(channel):
    return bool(channel) and (channel["receiver"] != "stopped" or channel["applier"] == "running")


def plan_absent(result, info, channel):
    if channel is None:
        return
    name = channel["channel"]
    if running(channel):
        result.stops = "both"
        result.steps.append(thread_step("STOP", info, name, "", "stop"))
    result.differ("state", state_of(channel), "absent")
    result.differ("source_host", channel["source_host"], None)
    if info["dialect"] == "mariadb":
        result.steps.append(Step("RESET SLAVE %s ALL" if name else "RESET SLAVE ALL", [name] if name else [], kind="reset"))
    else:
        result.steps.append(Step("RESET REPLICA ALL FOR CHANNEL %s", [name], kind="reset"))


def state_of(channel):
    if channel is None:
        return "absent"
    up = [channel["receiver"] != "stopped", channel["applier"] == "running"]
    return "started" if all(up) else "half stopped" if any(up) else "stopped"


def position_words(result, params, info, channel, changes, same_server):
    """[(word, value, kind)] of where to read on; [] when that stays as it is."""
    prefix = "MASTER" if info["dialect"] == "mariadb" else "SOURCE"
    wanted = gtid_wanted(params, info, channel)
    names = {option.name for option in changes}
    moved = channel is None or bool(names & {"source_host", "source_port"})
    result.repoints = channel is not None and moved and not same_server
    if channel is None or wanted != channel["gtid"]:
        result.differ("gtid", channel["gtid"] if channel else None, wanted)
    elif not moved and (wanted in GTID or not unread(channel, params)):
        return []
    if wanted in GTID:
        return gtid_words(prefix, wanted, channel)
    file, position = params.get("source_log_file"), params.get("source_log_pos")
    if not file or (not moved and not unread(channel, params)):
        file, position = known_position(params, channel, moved, same_server)
    result.differ("source_log_file", channel["applied_log_file"] if channel else None, file)
    result.differ("source_log_pos", channel["applied_log_pos"] if channel else None, position)
    first = [("SOURCE_AUTO_POSITION", 0, "int")] if prefix == "SOURCE" and channel and channel["gtid"] in GTID else []
    return [*first, (prefix + "_LOG_FILE", file, "text"), (prefix + "_LOG_POS", position, "int")]


def gtid_words(prefix, wanted, channel):
    if prefix == "SOURCE":
        return [("SOURCE_AUTO_POSITION", 1, "int")]
    return [("MASTER_USE_GTID", wanted, "word")]


def unread(channel, params):
    """Whether another position is asked for of a channel that has never reached its source. One that has is where it is."""
    return (not channel["source_server_id"] and not running(channel) and bool(params.get("source_log_file"))
            and (channel["applied_log_file"], channel["applied_log_pos"]) != (params["source_log_file"], params["source_log_pos"]))


def known_position(params, channel, moved, same_server):
    """Where the applier stands, as long as the source is the same server."""
    if channel is None:
        raise Failure("channel '%s' is new and neither GTIDs nor a position are given: set gtid to auto, or source_log_file and "
                      "source_log_pos." % params["channel"])
    if moved and not same_server:
        raise Failure("channel '%s' replicates from %s:%s without GTIDs, and at which position to go on at %s:%s is unknown: use GTIDs "
                      "(gtid: auto), or give source_log_file and source_log_pos." % (
                          params["channel"], channel["source_host"], channel["source_port"],
                          params.get("source_host") or channel["source_host"], params.get("source_port") or channel["source_port"]))
    if not channel["applied_log_file"]:
        raise Failure("channel '%s' has no position yet, so GTIDs cannot be turned off: give source_log_file and source_log_pos."
                      % params["channel"])
    return channel["applied_log_file"], channel["applied_log_pos"]


def password_differs(params, channel, stored_password, changes):
    if params.get("source_password") is None:
        return False
    if channel is None or params["update_password"] == "always":
        return True
    if params["update_password"] == "never":
        return False
    if stored_password is not None:
        return stored_password != params["source_password"]
    # It cannot be compared: somebody else is asked in any case when the source or the user is another one.
    return bool({option.name for option in changes} & {"source_host", "source_port", "source_user"})


def change_statement(params, info, channel, changes, words, password, result):
    """CHANGE MASTER or CHANGE REPLICATION SOURCE with what differs."""
    dialect = info["dialect"]
    parts = [(option.word(dialect), params[option.name], option.kind) for option in changes]
    for option in changes:
        result.differ(option.name, channel.get(option.name) if channel else None, params[option.name])
    names = {option.name for option in changes}
    receiving = dialect == "mariadb" or words or password or any(option.thread != "applier" for option in changes)
    if channel and receiving and "heartbeat_period" not in names and channel.get("heartbeat_period") is not None:
        # Left out, the server would set it back to its default.
        parts.append((OPTIONS_BY_NAME["heartbeat_period"].word(dialect), channel["heartbeat_period"], "float"))
    if password and dialect == "mysql" and "source_user" not in names:
        parts.append(("SOURCE_USER", params.get("source_user") or (channel or {}).get("source_user") or "", "text"))
    if dialect == "mariadb" and not any(word == "MASTER_USE_GTID" or word == "MASTER_LOG_FILE" for word, _value, _kind in words):
        # Left out, it might become what is the default of this version.
        words = [*words, ("MASTER_USE_GTID", gtid_wanted(params, info, channel).replace("none", "no"), "word")]
    if demotes(params, info, result, words) and number(info["version"]) >= (10, 10, 0):
        words = [*words, ("MASTER_DEMOTE_TO_SLAVE", 1, "int")]
    return assemble(info, params["channel"], parts + words, params["source_password"] if password else None)


def demotes(params, info, result, words):
    """Whether what this server wrote itself must count as replicated, so that it does not ask a new source for it."""
    return (info["dialect"] == "mariadb" and params["demote"] and (result.repoints or "gtid" in result.after)
            and any(word == "MASTER_USE_GTID" and value == "slave_pos" for word, value, _kind in words)
            and info["gtid"]["current"] != info["gtid"]["slave"])


def demotion(params, info, result, words):
    """Servers before 10.10 know no MASTER_DEMOTE_TO_SLAVE; there the position is set, which is the same."""
    if demotes(params, info, result, words) and number(info["version"]) < (10, 10, 0):
        return [Step("SET GLOBAL gtid_slave_pos = %s", [info["gtid"]["current"]])]
    return []


def assemble(info, name, parts, password):
    texts, values, secret = [], [], ()
    for word, value, kind in parts:
        if kind == "ids":
            texts.append("%s = (%s)" % (word, ", ".join(["%s"] * len(value))))
            values += value
        elif kind == "word":
            texts.append("%s = %s" % (word, value))
        else:
            texts.append(word + " = %s")
            values.append(int(value) if kind == "bool" else value)
    if password is not None:
        texts.append("%s_PASSWORD = %%s" % ("MASTER" if info["dialect"] == "mariadb" else "SOURCE"))
        secret = (len(values),)
        values.append(password)
    if info["dialect"] == "mysql":
        step = Step("CHANGE REPLICATION SOURCE TO %s FOR CHANNEL %%s" % ", ".join(texts), [*values, name])
        step.secret = secret
        return step
    if not name:
        return Step("CHANGE MASTER TO " + ", ".join(texts), values, secret)
    return Step("CHANGE MASTER %s TO " + ", ".join(texts), [name, *values], [place + 1 for place in secret])


def guarded(step):
    """The statement with a comment before the password, as long as what information_schema.PROCESSLIST shows of a statement."""
    if not step.secret:
        return step.sql
    head, tail = step.sql.split(" TO ", 1)
    return "%s TO /*%s*/ %s" % (head, "." * SHOWN_OF_STATEMENT, tail)


# --- Threads ---------------------------------------------------------------------


def order_threads(result, params, info, channel, stop):
    """Stop what must not run while it is changed, or at all; say whether to start."""
    wanted = params["state"]
    if wanted == "stopped":
        if running(channel):
            result.differ("state", state_of(channel), "stopped")
            stop_threads(result, params, info, channel, "both")
        return
    if state_of(channel) != "started":
        result.differ("state", state_of(channel), "started")
        result.starts = True
    if stop and running(channel):
        which = "both" if info["dialect"] == "mariadb" or len(stop) > 1 or "both" in stop else next(iter(stop))
        stop_threads(result, params, info, channel, which)
        result.starts = True


def stop_threads(result, params, info, channel, which):
    if channel.get(which) == "stopped":
        return
    result.stops = which
    word = {"both": "", "receiver": "IO_THREAD", "applier": "SQL_THREAD"}[which]
    result.steps.append(thread_step("STOP", info, params["channel"], word, "stop"))


def start_which(result, channel):
    """Only the thread that is stopped, where one goes on running."""
    if channel is None or not result.stops or result.stops == "both":
        return ""
    other = channel["applier"] == "running" if result.stops == "receiver" else channel["receiver"] != "stopped"
    return {"receiver": "IO_THREAD", "applier": "SQL_THREAD"}[result.stops] if other else ""


def thread_step(verb, info, name, which="", kind="start"):
    if info["dialect"] == "mysql":
        return Step(" ".join(filter(None, [verb, "REPLICA", which, "FOR CHANNEL %s"])), [name], kind=kind)
    words = [verb, "SLAVE", "%s" if name else "", which]
    return Step(" ".join(filter(None, words)), [name] if name else [], kind=kind)


# --- Filters ---------------------------------------------------------------------


def filter_differences(params, info, channel):
    """[(name, now, wanted)] of the filters that are given."""
    result = []
    for name, wanted in (params.get("filters") or {}).items():
        if wanted is None:
            continue
        now = ((channel or {}).get("filters") or {}).get(name) or []
        if name == "rewrite_db":
            wanted = [{"from": pair["from"], "to": pair["to"]} for pair in wanted]
            if pairs(now) != pairs(wanted):
                result.append((name, now, wanted))
        elif sorted(set(now)) != sorted(set(wanted)):
            result.append((name, now, list(wanted)))
    return result


def pairs(rewrites):
    return sorted((pair["from"], pair["to"]) for pair in rewrites)


def filter_steps(info, name, filters):
    if info["dialect"] == "mysql":
        texts, values = [], []
        for kind, _now, wanted in filters:
            text, more = mysql_filter(kind, wanted)
            texts.append("REPLICATE_%s = (%s)" % (kind.upper(), text))
            values += more
        return [Step("CHANGE REPLICATION FILTER %s FOR CHANNEL %%s" % ", ".join(texts), [*values, name])]
    prefix = identifier(name).replace("%", "%%") + "." if name else ""
    return [Step("SET GLOBAL %sreplicate_%s = %%s" % (prefix, kind), [
        ",".join("%s->%s" % pair for pair in pairs(wanted)) if kind == "rewrite_db" else ",".join(wanted)])
        for kind, _now, wanted in filters]


def mysql_filter(kind, wanted):
    """(text, values): names are identifiers, patterns are strings."""
    if kind.startswith("wild"):
        return ", ".join(["%s"] * len(wanted)), list(wanted)
    if kind == "rewrite_db":
        words = ["(%s, %s)" % (identifier(pair["from"]), identifier(pair["to"])) for pair in wanted]
    elif kind.endswith("_table"):
        words = [".".join(identifier(part) for part in name.split(".", 1)) for name in wanted]
    else:
        words = [identifier(name) for name in wanted]
    return ", ".join(words).replace("%", "%%"), []


OPTIONS_BY_NAME = {option.name: option for option in OPTIONS}
