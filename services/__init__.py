"""A module per service that lets its users fetch their own data; a module is one by its SERVICE."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from services.contract import Service


@cache
def services() -> dict[str, Service]:
    """Every service by name, in alphabetical order."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.iter_modules(__path__, f"{__name__}.")
        if not module.ispkg
    ]
    found = [module.SERVICE for module in modules if hasattr(module, "SERVICE")]
    return {service.name: service for service in sorted(found, key=lambda each: each.name)}
