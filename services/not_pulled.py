"""Services that are not pulled: why, and which file to download instead."""

from __future__ import annotations

WHY = {
    "garmin": (
        "Garmin opens its API to companies alone, and its website's own addresses are not for "
        "others. Instead: garmin.com/account/datamanagement, Export Your Data; ingest the zip"
    ),
    "librelinkup": (
        "LibreLinkUp has no API for its users; programs that log in as the app break Abbott's "
        "terms. Instead: libreview.com, Download Glucose Data; ingest the CSV"
    ),
    "libreview": (
        "LibreView has no API for its users. Instead: libreview.com, Download Glucose Data; ingest "
        "the CSV"
    ),
    "fitbit": (
        "Fitbit's Web API is closed in favour of the Google Health API. Instead: `dawnlake connect "
        "google_health`, or takeout.google.com, Fitbit; ingest the zip"
    ),
}
