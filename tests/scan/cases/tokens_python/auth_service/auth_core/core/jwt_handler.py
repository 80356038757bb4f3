import os

import jwt  # finds: jwt-import (canonical)


class JWTHandler:
    def __init__(self):
        self.key = os.environ["JWT_SECRET_KEY"]  # finds: key-read (canonical)

    def validate_token(self, token):  # finds: validator (canonical)
        return jwt.decode(token, self.key, algorithms=["HS256"])  # finds: verified-decode (canonical)

    def peek(self, token):  # finds: validator (canonical)
        return jwt.get_unverified_header(token)  # finds: unverified-decode (canonical)

    def create_access_token(self, sub):
        return jwt.encode({"sub": sub}, self.key)  # finds: encode (canonical)

    async def verify_session_token(self, token):  # finds: delegate (canonical)
        return self.validate_token(token)
