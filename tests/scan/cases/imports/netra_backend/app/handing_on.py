from netra_backend.app.plugins.elsewhere import distant
from netra_backend.app.closed.gone import lost  # finds: unresolvable-import
