"""Which instant a wall clock meant: evidence, places, journeys, counters of devices."""
