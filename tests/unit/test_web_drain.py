"""playbooks/web_drain.yml and web_undrain.yml as an operator mistypes them: a real ansible-playbook, which comes to no host."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODES = "name one of web1, web2, by -e %s=<host>."


def run(where, playbook, *words):
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible" / "collections"), ANSIBLE_NOCOLOR="1",
                       ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_LOCAL_TEMP=str(where / "local"))
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(ROOT / "inventories/web_haproxy/hosts.yml"),
         "-e", "ansible_connection=local", "-e", "ansible_python_interpreter=/bin/false", "failover.stack.%s" % playbook, *words],
        cwd=where, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("playbook", ["web_drain", "web_undrain"])
@pytest.mark.parametrize(("host", "limit", "said"), [
    ("proxy1", "", "localhost: NAME is 'proxy1', which is no web node: " + NODES),
    ("web7", "", "localhost: NAME is 'web7', which is no host of the inventory: " + NODES),
    ("", "", "localhost: NAME is not given: " + NODES),
    ("web1", "web2", "localhost: --limit is web2, but this playbook asks every member of the cluster: take it away."),
    ("web1", "web1", "localhost: --limit is web1, but this playbook asks every member of the cluster: take it away.")])
def test_what_would_do_nothing_is_refused(tmp_path, playbook, host, limit, said):
    words = ["-e", "%s=%s" % (playbook, host)] + (["--limit", limit] if limit else [])
    rc, output = run(tmp_path, playbook, *words)
    assert rc == 2 and said.replace("NAME", playbook).replace("%s", playbook) in output, output
    assert "failed=1" in output and "TASK [Ask the balancers]" not in output
