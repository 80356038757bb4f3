"""# @generated is only said here."""
import jwt  # finds: jwt-import
