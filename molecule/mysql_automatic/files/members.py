"""members.py PREFIX SECONDS MEMBER ...: waits until the lease is held, everybody else may acknowledge and has everything; prints the
writer and the others. PREFIX stands before the containers' names. Ends with 3, and their names after "refused", when all that is missing
are members that were refused for 10 s because of what they alone have."""

import json
import subprocess
import sys
import time


def status(node):
    done = subprocess.run(["docker", "exec", node, "cat", "/run/mysql-writer/status.json"], check=False, capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {}


def diagnosis(node):
    """What only the node can tell of why it is not level; not a check."""
    script = ("if command -v mariadb; then %s; else %s; fi; journalctl --unit mysql-writer --output short-precise --no-pager --lines 60" % (
        " ".join([
            "mariadb --table -e 'SELECT @@gtid_current_pos, @@gtid_binlog_pos, @@gtid_slave_pos, @@read_only,",
            "@@rpl_semi_sync_master_enabled, @@rpl_semi_sync_slave_enabled;",
            "SHOW STATUS LIKE \"rpl_semi%\"; SHOW PROCESSLIST; SHOW ALL SLAVES STATUS\\G'"]),
        " ".join([
            "mysql --table -e 'SELECT @@gtid_executed, @@super_read_only; SHOW STATUS LIKE \"rpl_semi%\"; SHOW VARIABLES LIKE",
            "\"rpl_semi%\"; SHOW PROCESSLIST; SHOW REPLICA STATUS\\G'"])))
    done = subprocess.run(["docker", "exec", node, "sh", "-c", script], check=False, capture_output=True, text=True)
    return "%s:\n%s%s" % (node, done.stdout, done.stderr)


def refused(told):
    return [name for name, one in told.items() if "has transactions that the source" in (one.get("refused") or "")]


def main(prefix, seconds, *members):
    end, since = time.monotonic() + float(seconds), None
    while True:
        told = {name: status(prefix + name) for name in members}
        views = [one.get("view") or {} for one in told.values()]
        writers = {view.get("writer") for view in views}
        fresh = all(time.time() - one.get("at", 0) < 3 for one in told.values())
        if fresh and len(writers) == 1 and None not in writers:
            writer, others = writers.pop(), [name for name in members]
            others.remove(writer)
            if told[writer]["lease"] and all(views[0]["sync"].get(name, {}).get("whole") for name in others):
                print(writer, *others)
                return 0
        since = since or time.monotonic() if refused(told) else None
        if since and time.monotonic() - since > 10:
            print("refused", *refused(told))
            return 3
        if time.monotonic() > end:
            print("not level: %s" % "\n".join([json.dumps(told), *(diagnosis(prefix + name) for name in members)]), file=sys.stderr)
            return 1
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
