import jwt  # finds: jwt-import (tooling)

print(jwt.encode({"sub": "a"}, "k"))  # finds: encode (tooling)
