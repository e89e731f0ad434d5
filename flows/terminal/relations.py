"""Relations for people: all of them, or one with what its columns mean."""

from __future__ import annotations

from flows.usage import UsageError, card, data, listing, say
from warehouse.metric_notes import metric_notes
from warehouse.named import TABLE, named, nearest


def show_views(name: str | None, everything: bool) -> int:
    """All views with their grain, or one with its columns and what is known of its metrics.

    Raises: UsageError for an unknown view.
    """
    known = named()
    if name is None:
        table = listing("view", "one row per", "what it is")
        for view in sorted(known.values(), key=lambda v: v.name):
            if view.layer == "marts" or (everything and view.layer != TABLE):
                table.add_row(view.call, view.grain, view.about)
        data.print(table)
        tables = ", ".join(view.name for view in known.values() if view.layer == TABLE)
        say(f"Tables beside them: {tables}. `dawnlake views NAME` lists columns.")
        return 0
    if name not in known:
        raise UsageError(f"no view {name}{nearest(name)}. `dawnlake views --all` lists them")
    view = known[name]
    say(view.comment)
    if view.parameters:
        say(f"Asked as: from {view.call}")
    table = listing("column", "meaning")
    for column, meaning in view.columns.items():
        note = metric_notes().get((name, column))
        table.add_row(column, card(meaning, *note.lines()) if note else meaning)
    data.print(table)
    return 0
