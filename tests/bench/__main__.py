"""Every benchmark, one after the other: python -m tests.bench"""

from __future__ import annotations

from tests.bench import (
    bench_align,
    bench_apple,
    bench_clarity,
    bench_glucose,
    bench_identify,
    bench_people,
    bench_published,
    bench_small_files,
    bench_views,
)

if __name__ == "__main__":
    bench_clarity.main()
    bench_identify.main()
    bench_small_files.main()
    bench_people.main()
    bench_align.main()
    bench_apple.main()
    bench_views.main()
    bench_glucose.main()
    bench_published.main()
