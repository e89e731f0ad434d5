"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from warehouse.published.place import is_url


def _folder(_: object, place: Path) -> None:
    """Raises: ValueError for a URL, where a folder is needed."""
    if is_url(place):
        raise ValueError(
            "this needs the lake's folder. A published lake is only read, by `dawnlake sql`, "
            "`export`, `report`, `night` and `status`"
        )


LakeFolder = Annotated[
    Path,
    Parameter(name="--lake", env_var="DAWNLAKE_LAKE", help="The lake's folder.", validator=_folder),
]
LakePlace = Annotated[
    str,
    Parameter(
        name="--lake",
        env_var="DAWNLAKE_LAKE",
        help="The lake's folder, or the URL where it was published.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    Parameter(
        name="--password-file",
        help="Passwords of zips, one a line; without it, a terminal is asked, if there is one.",
    ),
]
Someone = Annotated[str | None, Parameter(name=["--participant", "-p"])]
Flag = Annotated[bool, Parameter(negative="")]
Output = Parameter(name=["--output", "-o"])
HERE = Path("lake")
THIS = "lake"
