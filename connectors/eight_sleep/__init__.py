"""Eight Sleep: saved answers of the pod's service."""
