#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reads reports of plans (JSON) and checks every line of their PowerShell.

usage: plan_script.py REPORT...

A line is blank, a comment in words, a commented command or a command. Commands are taken apart as
PowerShell would: quoted texts, words, pipelines. Only cmdlets and parameters of the table below
are known, each marked as looking or changing; what changes, or holds a <place> to be filled in,
has to be a comment, and no quoted text may end early or hold what would run.
"""

import json
import re
import sys

LOOKS, CHANGES = "looks", "changes"

# Cmdlets with the parameters that are used; those of Hyper-V have no -LiteralPath.
CMDLETS = {
    "Get-VM": (LOOKS, {"Id", "Name"}),
    "Get-VMSnapshot": (LOOKS, {"VMName", "Name", "SnapshotType"}),
    "Get-VMHardDiskDrive": (LOOKS, {"VMName"}),
    "Get-VHD": (LOOKS, {"Path"}),
    "Test-VHD": (LOOKS, {"Path"}),
    "Get-FileHash": (LOOKS, {"LiteralPath", "Algorithm"}),
    "Get-WinEvent": (LOOKS, {"FilterHashtable", "MaxEvents"}),
    "Format-List": (LOOKS, set()),
    "Where-Object": (LOOKS, {"EQ"}),
    "Export-VM": (CHANGES, {"Path", "CaptureLiveState"}),
    "Stop-VM": (CHANGES, set()),
    "Checkpoint-VM": (CHANGES, {"SnapshotName"}),
    "Remove-VMSnapshot": (CHANGES, set()),
    "Merge-VHD": (CHANGES, {"Path", "DestinationPath"}),
    "Set-VHD": (CHANGES, {"Path", "ParentPath", "IgnoreIdMismatch"}),
    "Set-VMHardDiskDrive": (CHANGES, {"Path"}),
    "Copy-Item": (CHANGES, {"LiteralPath", "Destination"}),
    "Move-Item": (CHANGES, {"LiteralPath", "Destination"}),
    "Rename-Item": (CHANGES, {"LiteralPath", "NewName"}),
    "Remove-Item": (CHANGES, {"LiteralPath", "Confirm"}),
}

# What PowerShell takes for a single quotation mark.
QUOTES = "'\u2018\u2019\u201a\u201b"
WORD = re.compile(r"[^\s|'\u2018-\u201b\"`$;&(){}@#<>]+")
TABLE = re.compile(r"@\{(\w+=('[^']*'|\d+(,\d+)*))(;\w+=('[^']*'|\d+(,\d+)*))*\}")


def read_quoted(line, at):
    """The text that begins with a quotation mark, and where the rest begins."""
    text = ""
    at += 1
    while at < len(line):
        if line[at] in QUOTES:
            if line[at + 1:at + 2] and line[at + 1] in QUOTES:
                text += line[at]
                at += 2
                continue
            return text, at + 1
        text += line[at]
        at += 1
    raise ValueError("a quoted text without end")


def take_apart(line):
    """The commands of a pipeline, each a list of (kind, text)."""
    commands, at = [[]], 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] == "|":
            commands.append([])
            at += 1
        elif line[at] in QUOTES:
            text, at = read_quoted(line, at)
            if at < len(line) and line[at] not in " |":
                raise ValueError(f"{line[at]!r} behind a quoted text")
            commands[-1].append(("quoted", text))
        elif line.startswith("@{", at):
            table = TABLE.match(line, at)
            if not table:
                raise ValueError("a table that is none")
            commands[-1].append(("table", table.group()))
            at = table.end()
        else:
            word = WORD.match(line, at)
            if not word:
                raise ValueError(f"{line[at]!r} outside of quotes")
            commands[-1].append(("word", word.group()))
            at = word.end()
    return commands


def check_command(command):
    """Whether the command changes something."""
    if not command or command[0][0] != "word" or command[0][1] not in CMDLETS:
        raise ValueError(f"unknown command {command[:1]}")
    effect, parameters = CMDLETS[command[0][1]]
    for kind, text in command[1:]:
        if kind == "word" and text.startswith("-") and text[1:] not in parameters:
            raise ValueError(f"{command[0][1]} has no {text}")
    return effect == CHANGES


def is_command(comment):
    return re.match(r"[A-Z][a-z]+-[A-Z]\w+ ", comment) is not None


def check_line(line):
    """Raises ValueError when something is wrong; True when the line is a command."""
    if any(ord(c) < 32 for c in line):
        raise ValueError("a control character")
    comment = line.startswith("# ")
    text = line[2:] if comment else line
    if comment and not is_command(text):
        return False
    commands = take_apart(text)
    changes = any([check_command(command) for command in commands])
    places = any(re.search("<[a-z]+>", text) for command in commands for _, text in command)
    if not comment and (changes or places):
        raise ValueError("it changes something and is no comment")
    return True


def paths_of(line):
    """What is given as a path or an end of one."""
    for command in take_apart(line[2:] if line.startswith("# ") else line):
        for (_, name), (kind, value) in zip(command, command[1:]):
            if name in ("-Path", "-LiteralPath", "-ParentPath", "-DestinationPath"):
                if kind != "quoted":
                    raise ValueError(f"{name} is not quoted")
                yield value


def main():
    seen, failures = set(), 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            report = json.load(file)
        for plan in report["plans"]:
            for line in plan["commands"]:
                try:
                    if check_line(line):
                        seen.update(re.findall(r"[A-Z][a-z]+-[A-Z]\w+", line))
                        list(paths_of(line))
                except ValueError as error:
                    failures += 1
                    print(f"{name}: {error}: {line}")
    print(" ".join(sorted(seen & set(CMDLETS))))
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
