import jwt  # finds: jwt-import (test)


def token_of(sub):
    return jwt.encode({"sub": sub}, "k")  # finds: encode (test)
