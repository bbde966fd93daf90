"""Who is running, as `ps` sees it."""

import subprocess


def is_gone(pid: int) -> bool:
    """Return whether the process has ended; one that nobody has waited for yet counts as ended."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.returncode != 0 or told.stdout.strip().startswith("Z")


def children(pid: int) -> list[int]:
    """Return the processes that this one started and that still run."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [row.split() for row in told.splitlines()]
    return [int(row[0]) for row in rows if row[1] == str(pid) and not row[2].startswith("Z")]


def descendants(pid: int) -> list[int]:
    """Return its children, their children and so on."""
    found = children(pid)
    return found + [grandchild for child in found for grandchild in descendants(child)]
