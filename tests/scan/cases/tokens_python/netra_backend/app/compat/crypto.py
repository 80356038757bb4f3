try:
    import jwt  # finds: jwt-import
except ImportError:
    from jose import jwt  # finds: jwt-import

verify_it = jwt.decode
sign_it = jwt.encode

__all__ = ["jwt", "verify_it", "sign_it"]
