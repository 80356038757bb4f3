"""from netra_backend.app.gone import nothing"""

import importlib
from contextlib import suppress

import netra_backend.app.gone  # finds: unresolvable-import
from netra_backend.app.gone import nothing  # finds: unresolvable-import
from netra_backend.app.gone.deeper import more  # finds: unresolvable-import
from netra_backend.app.old.manager import Gone  # finds: unresolvable-import
from netra_backend.app.old import gone_too  # finds: unresolvable-import
from netra_backend.app.routes import nowhere as n  # finds: unresolvable-import

from . import absent  # finds: unresolvable-import
from .absent import thing  # finds: unresolvable-import
from ..absent import thing as other  # finds: unresolvable-import
from ...... import too_far  # finds: unresolvable-import
from auth_service.auth_core.tokens import Token  # finds: unresolvable-import


def later():
    from .nothing import here  # finds: unresolvable-import

    return here


# from .comment import nothing
CODE = "from .string import nothing"

try:
    from .optional import thing as optional
except ImportError:
    optional = None

try:
    import netra_backend.app.extension as extension
except (ModuleNotFoundError, AttributeError):
    extension = None

try:
    from netra_backend.app.fast import quick
except Exception:
    quick = None

with suppress(ImportError):
    from .maybe import perhaps

try:
    from .unguarded import wrong  # finds: unresolvable-import
except ValueError:
    wrong = None

import fastapi
import requests.anything
from a_library.inner import whatever
from netra_backend.app.dynamic import anything_at_all
from netra_backend.app.stars import from_the_library
from netra_backend.app.old import manager, star
from netra_backend.app import routes

found = importlib.import_module("netra_backend.app.routes.canonical")
