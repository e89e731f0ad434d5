"""Empatica: E4 sessions, digital biomarkers of EmbracePlus."""
