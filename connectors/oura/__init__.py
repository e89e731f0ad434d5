"""Oura: saved API answers, the account export, trends."""
