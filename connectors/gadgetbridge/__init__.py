"""Gadgetbridge: its database, whatever band it was filled by."""
