import jwt  # finds: jwt-import (generated)
