"""What is asked where exports under one id look like those of two people."""

from __future__ import annotations

from flows.deriving.align import Aligned


def people_problem(outcome: Aligned) -> str | None:
    """The question, with what raises it and what answers it; None if nothing does."""
    signs = {
        "two glucose sensors at once are far apart": outcome.apart,
        "exports of one format name different people": outcome.names,
        "exports that were made together contradict each other": outcome.contradict,
    }
    if not any(signs.values()):
        return None
    told = "; ".join(sign for sign, count in signs.items() if count)
    return (
        f"{told}: are these exports of two people? See `dawnlake zones {outcome.participant}`; "
        "`dawnlake withdraw` a file that is somebody else's, or say `one_person = true` under "
        f"[participants.{outcome.participant}] in dawnlake.toml. Until then these nights are not "
        "complete"
    )
