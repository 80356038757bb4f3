from mcp.client.stdio import stdio_client
from mcp.transport import anything
import mcp.types

from . import transport, nothing  # finds: unresolvable-import
from .client import stdio  # finds: unresolvable-import
from netra_backend.app.assistant.mcp import client  # finds: unresolvable-import
from netra_backend.app.assistant.mcp.client.stdio import stdio_client as other  # finds: unresolvable-import
