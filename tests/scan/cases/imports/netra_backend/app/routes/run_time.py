from netra_backend.app.proto.alert_pb2 import Alert, DESCRIPTOR
from netra_backend.app.proto.made import Green
from netra_backend.app.proto.replaced import whatever
from netra_backend.app.proto.attached import made
from netra_backend.app.proto.updated import Blue
from netra_backend.app.proto import alert_pb2 as messages
from netra_backend.app.proto.plain import Known, Lazy
from netra_backend.app.proto.plain import Other  # finds: unresolvable-import
from netra_backend.app.proto.plain import local  # finds: unresolvable-import
from netra_backend.app.proto import Alert as Absent  # finds: unresolvable-import
from netra_backend.app.proto.alert_pb2_grpc import Stub  # finds: unresolvable-import

import netra_backend.app.plugins.elsewhere
from netra_backend.app.plugins import another, own
from netra_backend.app.plugins.elsewhere.inner import thing
from ..extras import more
from ..extras.more import still_more
from netra_backend.app.plugins.own import here
from netra_backend.app.plugins.own import gone  # finds: unresolvable-import
from netra_backend.app.plugins.kept import gone  # finds: unresolvable-import
from ..plugins.kept.gone import thing  # finds: unresolvable-import
from netra_backend.app.closed import found
from netra_backend.app.closed import gone  # finds: unresolvable-import
from netra_backend.app.closed.gone import thing  # finds: unresolvable-import

from netra_backend.app.fallback import Reader, Writer, speed
from netra_backend.app.fallback import Closer  # finds: unresolvable-import
from netra_backend.app.fallback import helper  # finds: unresolvable-import

from netra_backend.app import __path__, __file__, __name__, __doc__
from ..closed import __spec__, __package__, __loader__, __dict__
from netra_backend.app.proto.plain import __file__ as place, __all__
from netra_backend.app.proto.plain import __path__  # finds: unresolvable-import
from netra_backend.app.closed import __version__  # finds: unresolvable-import
from netra_backend.app.closed import __all__  # finds: unresolvable-import

from netra_backend.app.handing_on import distant
from netra_backend.app.handing_on import lost  # finds: unresolvable-import
