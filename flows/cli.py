"""The command line. What can be typed stands in options/; the work is imported when needed.

Plain words go to stderr, data to stdout. Exit 0: done; 1: done, but something was set aside;
2: usage or settings; 130: Ctrl-C; 3: the machine stopped it, such as a full disk.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from cyclopts import App, CycloptsError

from flows import stdio
from flows.options import asking, giving, looking, removing, services


def _version() -> str:
    from importlib.metadata import version

    return version("dawnlake")


app = App(
    name="dawnlake",
    help="Last night's sleep, this morning's glucose, one SQL view.",
    version=_version,
    suppress_keyboard_interrupt=False,  # told by main
    help_format="plaintext",  # a reader of Markdown takes a third of the time of --help to load
    result_action="return_value",
)
for room in (giving, looking, asking, services, removing):
    for command in room.COMMANDS:
        app.command(command)
app.register_install_completion_command(help="Have your shell complete commands and options.")


def main(arguments: Sequence[str] | None = None) -> None:
    """A command, and the end of the process with its exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that numpy would start for nothing
    gc.set_threshold(100_000)  # imports make many objects, and no garbage to look for
    stdio.prepare()
    try:
        code = app(arguments, exit_on_error=False)
    except CycloptsError:
        sys.exit(2)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # `timeout` and terminals send it twice
        with suppress(OSError):
            sys.stderr.write("dawnlake: stopped\n")
        sys.exit(130)
    except BrokenPipeError:  # whoever read our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        sys.exit(_usage(error))
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: Exception) -> int:
    """2, with the sentence of a mistake in what was asked for; 3, with that of machine or fault."""
    from flows.nightly.discretion import Fault, told_of
    from flows.nightly.server import ServerError
    from flows.settings import SettingsError
    from flows.usage import UsageError, machine_trouble, say
    from warehouse.published.place import PlaceError, StorageError
    from warehouse.store.lock import LakeError

    asked = FileNotFoundError | PermissionError | UsageError | SettingsError | LakeError
    if isinstance(error, asked | PlaceError | ServerError | Fault):
        say(f"dawnlake: {error}")
        return 2
    storage = str(error) if isinstance(error, StorageError) else None
    say(f"dawnlake: {storage or machine_trouble(error) or told_of(error)}")
    return 3


def run() -> None:
    """The console command `dawnlake`.

    What `ingest` leaves behind is on the disk, and all else in memory: to take that apart piece by
    piece takes longer than to read a small file, and is left to the system.
    """
    try:
        main()
    except SystemExit as left:
        if sys.argv[1:2] != ["ingest"] or not isinstance(left.code, int):
            raise
        with suppress(BrokenPipeError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(left.code)


if __name__ == "__main__":
    run()
