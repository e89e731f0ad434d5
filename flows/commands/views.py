"""views: what can be asked, and what each column means."""

from __future__ import annotations

from flows.terminal.relations import show_views as show_views
