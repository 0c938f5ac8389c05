# SPDX-License-Identifier: LGPL-3.0-or-later
"""bitlocker_terminal.py IMAGE KEY: the question for a recovery key, as a person at a terminal
meets it. Nothing of the key is printed: the test that runs us looks for that."""
import os
import pty
import select
import signal
import sys
import termios
import time

image, key = sys.argv[1:3]
program = os.environ["HVCHAIN"]


def start():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(program, [program, "scan", "--recovery-key", "-", "--fail-on", "never", image])
    return pid, terminal


def read_until(terminal, wanted, seconds=120):
    """All that is printed up to `wanted`, or to the end when that is None."""
    text, end = b"", time.monotonic() + seconds
    while wanted is None or wanted not in text:
        assert time.monotonic() < end, (wanted, text)
        if select.select([terminal], [], [], 1)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the other side is gone
                piece = b""
            if not piece:
                break
            text += piece
    return text


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def outside(pid):
    """What everybody can see of the program and of the processes that it started."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as line:
                parent = int(line.read().rsplit(")", 1)[1].split()[1])
            if pid in (int(name), parent) or parent in workers_of.get(pid, ()):
                workers_of.setdefault(pid, set()).add(int(name))
                for what in ("cmdline", "environ"):
                    with open(f"/proc/{name}/{what}", "rb") as text:
                        yield text.read()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass  # it ended meanwhile, or lets nobody look


workers_of = {}  # the processes of a program


def answered():
    pid, terminal = start()
    said = read_until(terminal, b"Recovery key: ")
    assert not echoes(terminal), "the key would be seen"
    os.write(terminal, key.encode() + b"\n")
    looks = 0
    while not select.select([terminal], [], [], 0)[0] or looks < 10:
        for text in outside(pid):
            assert key.encode() not in text, "the key can be seen from outside"
        looks += 1
    said += read_until(terminal, None)
    status = os.waitpid(pid, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert b"web_" in said, said
    assert len(workers_of[pid]) > 1, "no worker was looked at"
    print(said.decode(errors="replace"))


def interrupted():
    pid, terminal = start()
    read_until(terminal, b"Recovery key: ")
    before = echoes(terminal)
    os.write(terminal, b"\x03")  # Ctrl-C
    status = os.waitpid(pid, 0)[1]
    assert not before and echoes(terminal), "the terminal is left without an echo"
    assert os.waitstatus_to_exitcode(status) == -signal.SIGINT, status


def ended():
    pid, terminal = start()
    read_until(terminal, b"Recovery key: ")
    os.write(terminal, b"\x04")  # end of input
    said = read_until(terminal, None)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1, said
    assert b"cannot be read" in said, said


signal.alarm(300)  # whatever hangs
answered()
for _ in range(20):  # the key may be pressed before the program waits for it
    interrupted()
ended()
