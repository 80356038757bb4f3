from .helpers import decode, encode
