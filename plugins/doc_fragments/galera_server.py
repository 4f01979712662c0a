# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  login_user:
    description: User of the connection.
    type: str
    default: root
  login_password:
    description: Password of the connection; none over the socket.
    type: str
  login_unix_socket:
    description: Socket of the server.
    type: path
    default: /run/mysqld/mysqld.sock
  connect_timeout:
    description: Seconds to wait for the server's answers.
    type: int
    default: 5
  datadir:
    description: Data directory.
    type: path
    default: /var/lib/mysql
  unit:
    description: Unit of the server.
    type: str
    default: mariadb.service
  user:
    description: User the server runs as.
    type: str
    default: mysql
  server:
    description: Program of the server.
    type: str
    default: mariadbd
"""
