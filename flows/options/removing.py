"""What is taken out of a lake."""

from __future__ import annotations

from flows.options.shared import HERE, Flag, LakeFolder, Someone


def withdraw(*file_ids: str, participant: Someone = None, lake: LakeFolder = HERE) -> int:
    """Remove an export and all that came of it, as if it had never been given.

    Parameters
    ----------
    file_ids
        As `dawnlake files` lists them, or their first digits.
    participant
        Only from this one, if several gave the same file.
    """
    from flows.commands.withdraw import run_withdraw

    return run_withdraw(lake, file_ids, participant)


def exclude(
    file_id: str,
    record: int,
    *,
    why: str | None = None,
    undo: Flag = False,
    participant: Someone = None,
    lake: LakeFolder = HERE,
) -> int:
    """Set a single bad record aside, and every copy of it; kept when everything is derived again.

    Parameters
    ----------
    file_id
        As `dawnlake files` and `explain` list it, or its first digits.
    record
        Its number in that file.
    why
        The reason, to be read later.
    undo
        Take it back.
    participant
        Only of this one, if several gave the same file.
    """
    from flows.commands.exclude import run_exclude

    return run_exclude(lake, file_id, record, why, undo, participant)


def forget(
    participant: str,
    *,
    yes: Flag = False,
    lake: LakeFolder = HERE,
) -> int:
    """Remove everything of a participant from the lake, for good.

    Parameters
    ----------
    participant
        Whose.
    yes
        Do not ask.
    """
    from flows.commands.forget import run_forget

    return run_forget(lake, participant, yes)


COMMANDS = (withdraw, exclude, forget)
