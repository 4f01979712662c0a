# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, Unreachable
from ansible_collections.failover.stack.plugins.modules.mysql_replica_info import unreached


@pytest.mark.parametrize("failure, answers, gone", [
    (Unreachable("s: Can't connect to MySQL server on 'localhost' ([Errno 111] Connection refused) (error 2003)", 2003), False, True),
    (Unreachable("s: Can't connect to MySQL server on 'localhost' ([Errno 2] No such file or directory) (error 2003)", 2003), False, True),
    (Unreachable("s: Can't connect to MySQL server on 'localhost' (timed out) (error 2003)", 2003), False, False),
    (Failure("s says: Lost connection to MySQL server during query (timed out) (error 2013)", 2013), False, False),
    (Failure("s: Too many connections (error 1040)", 1040), True, False),
    (Failure("s: Access denied for user 'root'@'localhost' (error 1698)", 1698), True, False),
    (Failure("PyMySQL is missing here: install the package python3-pymysql, then run again."), True, False),
])
def test_who_refuses_is_not_dead_and_who_hangs_is_not_gone(failure, answers, gone):
    told = unreached(failure, True)
    assert (told["reachable"], told["answers"], told["gone"], told["because"]) == (False, answers, gone, str(failure))
