from .jwt_handler import JWTHandler


class JWTValidator(JWTHandler):
    pass
