"""Answers that come in pages, and what of an answer belongs to a window.

Services differ in what they count to a span of days: what began in it, touches it, was made in it.
So they are asked for a little more, and what is of another day by its own words is left to the
window of that day. Each record lies in one document, whatever was asked when.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.contract import Answer, Api, Window
from services.errors import BadAnswer

DayOf = Callable[[Mapping[str, Any]], object]
PAGES_MAX = 10_000  # of one window: more is a service that goes in a circle


def listed(answer: Answer, key: str) -> list[Any]:
    """The records of an answer: under a key, or the answer itself for ''.

    Raises: BadAnswer if there is no list where one is described.
    """
    if answer.data is None:
        return []
    found = answer.data.get(key) if key and isinstance(answer.data, dict) else answer.data
    if found is None:
        return []
    if not isinstance(found, list) or (key and found is answer.data):
        raise BadAnswer("an answer has no list where the service describes one")
    return found


def own(answer: Answer, key: str, window: Window, day_of: DayOf) -> bytes | None:
    """An answer with those records that are of the window's days; None if it has none of them.

    `day_of` gives a text that begins with an ISO date. A record without one stays where it is.
    """
    records = listed(answer, key)
    kept = [each for each in records if _is_of(window, each, day_of)]
    if not kept:
        return None
    if len(kept) == len(records) and not key:
        return answer.raw
    return packed({**answer.data, key: kept} if key else kept)


def packed(value: object) -> bytes:
    """JSON as a service would write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def paged(
    api: Api, path: str, params: Mapping[str, Any], follow: Callable[[Any], Mapping[str, Any]]
) -> Iterator[Answer]:
    """Every page of an answer; `follow` gives the parameters of the next one, or none.

    Raises: BadAnswer if there is no end of them; ServiceError.
    """
    more: Mapping[str, Any] = {}
    for _ in range(PAGES_MAX):
        answer = api.get(path, {**params, **more})
        yield answer
        following = follow(answer.data) if isinstance(answer.data, dict) else {}
        if not following or following == more:
            return
        more = following
    raise BadAnswer("there is no end of pages")


def by_token(name: str, parameter: str) -> Callable[[Any], Mapping[str, Any]]:
    """The next page by a token that the answer names."""

    def follow(data: Any) -> Mapping[str, Any]:
        return {parameter: data[name]} if data.get(name) else {}

    return follow


def _is_of(window: Window, record: object, day_of: DayOf) -> bool:
    day = str(day_of(record) or "")[:10] if isinstance(record, dict) else ""
    return not day or window.first.isoformat() <= day < window.until.isoformat()
