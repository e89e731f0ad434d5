"""What may go wrong with a service. No message holds a token, an address with a query, or a value.

ServiceError
  LoginNeeded   the service knows this login no more: `dawnlake connect` again
  NotGranted    this login does not cover that kind of data
  NotNow        out of reach, too busy, or asks for a longer wait: the next pull goes on from there
    Busy        the same request may go well in a moment
  BadAnswer     an answer that is no whole JSON, or not of the shape that the service describes
"""

from __future__ import annotations


class ServiceError(Exception):
    """A service cannot be used as asked. The message says what to do next."""


class LoginNeeded(ServiceError):
    """The service does not accept this login any more."""


class NotGranted(ServiceError):
    """The login does not cover what was asked for."""


class NotNow(ServiceError):
    """Nothing is wrong with the login or the data: later it may go well."""


class BadAnswer(ServiceError):
    """What the service answered is not what it describes."""


class Busy(NotNow):
    """The service says so in an answer; the same request may go well in a moment."""
