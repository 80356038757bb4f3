from .crypto import *
from .crypto import jwt as tokens, verify_it
from .lazy import load
