"""What may go wrong with a file, by what the person can do:

    IngestError
      UnknownFormat     no connector claims the file
        UnreadGlucose   and it is a table of glucose
      AmbiguousFormat   more than one does
      FormatDrift       a required column or key is missing
      UndatableFile     day and month cannot be told apart anywhere in the file
      BrokenFile        cut off, damaged or empty
      NoRecords         a known format, and nothing in it
      TooManyRejects    rejected share above the budget
      UnsafeArchive     a path outside, a bomb, encrypted without a password
      NoTimeZone        wall-clock times and no zone known for this participant
      WhoseRecords      several people's where one's were expected, or nobody's by name

Messages name columns, counts, codes and what to do next; never a cell, never a file name.
"""

from __future__ import annotations


class IngestError(Exception):
    """A file that is set aside. The message says what, where and what to do next."""


class UnknownFormat(IngestError):
    """No connector claims the file."""


class UnreadGlucose(UnknownFormat):
    """No connector claims the file, and it is a table of glucose: never left out silently."""


class AmbiguousFormat(IngestError):
    """More than one connector claims the file."""


class FormatDrift(IngestError):
    """A required column or key is missing."""


class UndatableFile(IngestError):
    """Day and month cannot be told apart anywhere in the file."""


class BrokenFile(IngestError):
    """The file is cut off, damaged or empty."""


class NoRecords(IngestError):
    """A connector claims the file, and there is no record in it."""


class TooManyRejects(IngestError):
    """The rejected share is above the budget."""


class UnsafeArchive(IngestError):
    """The archive holds what must not be unpacked."""


class NoTimeZone(IngestError):
    """Wall-clock times, and no zone known for this participant."""


class WhoseRecords(IngestError):
    """Records of several people in a file that was given as one's, or of nobody it names."""
