"""README's picture is the lab's inventory, drawn by the code of status.html; who changes one of them runs scripts/stack-picture."""

import pathlib
import subprocess
import sys
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_it_is_what_the_lab_is():
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "stack-picture"), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_host_that_serves_has_its_box():
    words = ["".join(one.itertext()) for one in xml.parse(ROOT / "docs" / "stack.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"Directors", "HAProxy", "httpd + Tomcat", "MySQL", "Galera", "RabbitMQ", "etcd", "Content", "NFS"} <= set(words)
    assert {"lb1", "lb2", "proxy1", "proxy2", "web1", "web2", "db3", "galera3", "mq3", "content1", "files1"} <= set(words)
