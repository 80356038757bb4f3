class JWTHandler:
    key = ""
