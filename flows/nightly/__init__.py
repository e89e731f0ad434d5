"""The nightly flow: Prefect, and a server of its own."""
