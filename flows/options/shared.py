"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

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
Workers = Annotated[
    int | None,
    Parameter(
        name="--workers",
        validator=Number(gte=1),
        help="How many processes work for participants at the same time; all cores unless told.",
    ),
]
Dask = Annotated[
    str,
    Parameter(
        name="--dask",
        help="The address of a Dask scheduler, whose workers share this lake; needs the extra "
        "`cluster`, and PREFECT_API_URL.",
    ),
]
Someone = Annotated[str | None, Parameter(name=["--participant", "-p"])]
Flag = Annotated[bool, Parameter(negative="")]
Output = Parameter(name=["--output", "-o"])
HERE = Path("lake")
THIS = "lake"
