"""Tidepool: the web export, as JSON, CSV and spreadsheet."""
