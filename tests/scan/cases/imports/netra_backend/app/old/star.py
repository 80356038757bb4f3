from .manager import JWTValidator  # finds: legacy-import

__all__ = ["JWTValidator"]
