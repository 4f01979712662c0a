"""case.py NODES CASE: one case of verify.yml, in its machines' containers (NODES is how their names begin).

CASE is JSON: node (the target, web1), source and target (shell there, before), pull (a content) and say (run or go), kept (shell on the
target, whose output readers' content is), heal and repair (shell on the source and the target, afterwards). Prints JSON: code and out of
the pull, its status, kept.
"""

import json
import subprocess
import sys


def run(host, command, check=True):
    done = subprocess.run(["docker", "exec", sys.argv[1] + host, "bash", "-euc", command], capture_output=True, text=True, check=False)
    if check and done.returncode:
        sys.exit("%s: %s: rc %d %s%s" % (host, command, done.returncode, done.stdout, done.stderr))
    return done


def main(case):
    node, seen = case.get("node", "web1"), {}
    try:
        if "source" in case:
            run("mon", case["source"])
        if "target" in case:
            run(node, case["target"])
        if "pull" in case:
            done = run(node, "failover-content %s %s" % (case.get("say", "run"), case["pull"]), check=False)
            status = run(node, "cat /var/lib/failover-content/%s.json" % case["pull"])
            seen.update(code=done.returncode, out=done.stdout + done.stderr, status=json.loads(status.stdout))
        if "kept" in case:
            seen["kept"] = run(node, case["kept"]).stdout.strip()
    finally:
        if "heal" in case:
            run("mon", case["heal"])
        if "repair" in case:
            run(node, case["repair"])
    print(json.dumps(seen))


main(json.loads(sys.argv[2]))
