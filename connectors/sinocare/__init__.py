"""Sinocare: iCan."""
