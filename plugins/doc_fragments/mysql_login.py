# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - PyMySQL on the host the module runs on (Debian's python3-pymysql).
options:
  login_user:
    description: User to log in as, by default the option file's, else the one the module runs as.
    type: str
  login_password:
    description: The user's password, by default the option file's.
    type: str
  login_host:
    description: Host of the server. With V(localhost) the socket is used when there is one.
    type: str
    default: localhost
  login_port:
    description: TCP port of the server, by default the option file's, else 3306.
    type: int
  login_unix_socket:
    description: Path of the server's socket, by default the option file's, else C(/run/mysqld/mysqld.sock) when it is there.
    type: path
  config_file:
    description: Option file. Its sections C([client]) and C([mysql]) are read. A file that is not there is passed over.
    type: path
    default: ~/.my.cnf
  connect_timeout:
    description: Seconds after which an attempt to connect is given up.
    type: int
    default: 10
  ca_cert:
    description: File with the certificates of the authorities that may have signed the server's. With it TLS is used.
    type: path
  client_cert:
    description: File with the client's certificate.
    type: path
  client_key:
    description: File with the client's key.
    type: path
  check_hostname:
    description: Whether the server's certificate must bear O(login_host).
    type: bool
"""
