"""YourLoops of Diabeloop."""
