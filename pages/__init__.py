"""Pages to look at: figures drawn from rows of public relations, put together by templates."""

from pathlib import Path

HERE = Path(__file__).parent
