"""From a path to an extracted part: walk, open, identify, extract."""
